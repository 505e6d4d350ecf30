import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/**
 * The baseline of the benchmark `chat-room`: one frame for each message and socket, and nothing else. Messages are made here,
 * as fast as they can be sent: the next one when the sockets have taken the last ones.
 */
export type BareCommand = { readonly type: 'begin' | 'end' };
export type BareReport =
  { readonly type: 'ready'; readonly port: number } | { readonly type: 'ended'; readonly sent: number };

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
await once(server, 'listening');
/** Bytes that wait for a socket at most. */
const mostWaiting = 8_000;
let isSending = false;
let sent = 0;

/** As long as a message of ours. */
function messageOf(index: number): string {
  const id = '01988a1c-2d3e-7f4a-8b5c-6d7e8f9a0b1c';
  const sender = { id, username: 'somebody_12345', displayName: 'Somebody with a name' };
  const text = `message ${index} ${performance.timeOrigin + performance.now()}`;
  const at = new Date().toISOString();
  return JSON.stringify({
    ...{ id, seq: index, role: 'viewer', text, sender },
    ...{ replyTo: null, createdAt: at, deletedAt: null },
  });
}

function step(): void {
  if (!isSending) return;
  const clients = [...server.clients];
  if (clients.every(({ bufferedAmount }) => bufferedAmount < mostWaiting)) {
    const message = messageOf(sent++);
    for (const client of clients) client.send(message);
  }
  setImmediate(step);
}

process.on('message', ({ type }: BareCommand) => {
  isSending = type === 'begin';
  if (isSending) step();
  else process.send?.({ type: 'ended', sent } satisfies BareReport);
});
const { port } = server.address() as AddressInfo;
process.send?.({ type: 'ready', port } satisfies BareReport);
