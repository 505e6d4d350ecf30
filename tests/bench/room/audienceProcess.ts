import { setTimeout as delay } from 'node:timers/promises';
import { RawSocket } from './RawSocket.ts';
import { joinOurs, messagesOf, type Kind } from './wire.ts';

/**
 * The audience of the benchmark `chat-room`: so many sockets that count messages, some of which read them. Arguments: kind,
 * port, how many, and the session.
 */
export type AudienceCommand = { readonly type: 'report' };
export type AudienceReport =
  | { readonly type: 'ready' }
  | {
      readonly type: 'report';
      /** Messages that came to all sockets so far. */
      readonly deliveries: number;
      /** From when a message was due until a socket had it; of the sockets that read, since the last report. */
      readonly delaysMs: readonly number[];
      /** Different messages that the reader with the fewest had so far, and how often one came again. */
      readonly fewest: number;
      readonly again: number;
    };

const [kind, port = '0', count = '0', sessionId = ''] = process.argv.slice(2) as [Kind, ...string[]];
const readers = 20;
const atOnce = 50;

let deliveries = 0;
let again = 0;
let delaysMs: number[] = [];
const known: Set<string>[] = [];
const sockets: RawSocket[] = [];

async function join(index: number): Promise<void> {
  const socket = await RawSocket.open(
    Number(port),
    kind === 'ours' ? '/socket.io/?EIO=4&transport=websocket' : '/',
  );
  sockets.push(socket);
  if (kind === 'ours') await joinOurs(socket, sessionId);
  const isReader = index % Math.ceil(Number(count) / readers) === 0;
  const own = new Set<string>();
  if (isReader) known.push(own);
  const { countOf, textsOf } = messagesOf(kind);
  socket.hear((bytes) => {
    // Engine.IO asks whether somebody is there.
    if (kind === 'ours' && bytes.length === 1) return socket.send('3');
    deliveries += countOf(bytes);
    if (isReader) textsOf(bytes.toString()).forEach((text) => read(own, text));
  });
}

function read(own: Set<string>, text: string): void {
  const [, number = '', dueMs = ''] = text.split(' ');
  if (own.has(number)) again += 1;
  own.add(number);
  delaysMs.push(performance.timeOrigin + performance.now() - Number(dueMs));
}

process.on('message', () => {
  const fewest = Math.min(...known.map(({ size }) => size));
  process.send?.({ type: 'report', deliveries, delaysMs, fewest, again } satisfies AudienceReport);
  delaysMs = [];
});

for (let begun = 0; begun < Number(count); begun += atOnce) {
  const some = Math.min(atOnce, Number(count) - begun);
  await Promise.all(Array.from({ length: some }, (_, nth) => join(begun + nth)));
  await delay(5);
}
process.send?.({ type: 'ready' } satisfies AudienceReport);
