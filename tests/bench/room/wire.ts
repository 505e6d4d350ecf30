import { z } from 'zod';
import type { RawSocket } from './RawSocket.ts';

/** Socket.IO as our api speaks it, or one frame for each message. */
export type Kind = 'ours' | 'bare';

const spoken = z.object({ text: z.string() });
const event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), message: spoken }),
  ...(['viewers', 'joined', 'left', 'typing', 'reactions', 'settings', 'pins'] as const).map((type) =>
    z.object({ type: z.literal(type) }),
  ),
]);
const told = z.object({ events: z.array(event), shown: z.int() });
const roomEvents = '42["session:events",';
const roomEventsBytes = Buffer.from(roomEvents);
const tailBytes = 120;

/** How many messages a frame brings, without reading it, and which. */
export function messagesOf(kind: Kind): {
  countOf: (bytes: Buffer) => number;
  textsOf: (text: string) => string[];
} {
  return kind === 'ours'
    ? { countOf: countOfOurs, textsOf: textsOfOurs }
    : { countOf: () => 1, textsOf: (text) => [spoken.parse(JSON.parse(text)).text] };
}

/** The number of messages is the last field of the payload. */
function countOfOurs(bytes: Buffer): number {
  if (bytes.compare(roomEventsBytes, 0, roomEventsBytes.length, 0, roomEventsBytes.length) !== 0) return 0;
  const tail = bytes.subarray(-tailBytes).toString();
  return Number(/"shown":(\d+)\}/.exec(tail)?.[1] ?? Number.NaN);
}

function textsOfOurs(text: string): string[] {
  if (!text.startsWith(roomEvents)) return [];
  const [, payload] = z
    .tuple([z.string(), told])
    .rest(z.unknown())
    .parse(JSON.parse(text.slice(2)));
  return payload.events.flatMap((one) => (one.type === 'message' ? [one.message.text] : []));
}

/** The handshakes of Engine.IO and Socket.IO (protocol 5), then into the room. Rejects when it is refused. */
export async function joinOurs(socket: RawSocket, sessionId: string): Promise<void> {
  await said(socket, '0', '40{"token":null}');
  await said(socket, '40', `420["chat:join",${JSON.stringify({ sessionId })}]`);
  const answer = await said(socket, '430', null);
  if (answer.includes('"error"')) throw new Error(answer);
}

/** Waits for a text that begins so, and answers it; others are not for us. */
function said(socket: RawSocket, begin: string, answer: string | null): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.hear((bytes) => {
      const text = bytes.toString();
      if (text.startsWith('44')) return reject(new Error(text));
      if (!text.startsWith(begin)) return;
      socket.hear(null);
      resolve(text);
      if (answer !== null) socket.send(answer);
    });
  });
}
