import { connect, type Socket } from 'node:net';

/**
 * Thousands of viewers in a process of their own: keep-alive connections on plain sockets, so that the client
 * costs as little as can be. Told `ask`, all send the same held request; when the last answer is complete the
 * monotone time of it is reported.
 */
export type ViewersCommand = { readonly type: 'ask'; readonly path: string };
export type ViewersReport =
  | { readonly type: 'connected' }
  | { readonly type: 'answered'; readonly atNs: string; readonly wrong: number; readonly bytes: number };

const [port, count] = process.argv.slice(2).map(Number);
if (!port || !count) throw new Error('port and number of viewers');

const report = (message: ViewersReport): void => void process.send?.(message);
const HEAD_END = Buffer.from('\r\n\r\n');

interface Viewer {
  readonly socket: Socket;
  /** Bytes of the answer still to come; null before its head. */
  missing: number | null;
  pending: Buffer;
}

let open = 0;
let left = 0;
let wrong = 0;
let bytes = 0;

/** Length of the whole answer, from its head. */
function lengthOf(head: Buffer): number | null {
  const end = head.indexOf(HEAD_END);
  if (end === -1) return null;
  const text = head.toString('latin1', 0, end);
  if (!text.startsWith('HTTP/1.1 200')) wrong += 1;
  const match = /\r\ncontent-length: (\d+)/i.exec(text);
  return end + 4 + Number(match?.[1] ?? 0);
}

function received(viewer: Viewer, data: Buffer): void {
  bytes += data.length;
  let size = data.length;
  if (viewer.missing === null) {
    const head = viewer.pending.length > 0 ? Buffer.concat([viewer.pending, data]) : data;
    const length = lengthOf(head);
    if (length === null) return void (viewer.pending = head);
    viewer.missing = length;
    size = head.length;
  }
  viewer.missing -= size;
  if (viewer.missing > 0) return;
  left -= 1;
  if (left === 0) report({ type: 'answered', atNs: String(process.hrtime.bigint()), wrong, bytes });
}

const viewers: Viewer[] = Array.from({ length: count }, () => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const viewer: Viewer = { socket, missing: null, pending: Buffer.alloc(0) };
  socket.on('data', (data) => received(viewer, data));
  socket.on('connect', () => {
    open += 1;
    if (open === count) report({ type: 'connected' });
  });
  socket.on('error', (error) => {
    throw error;
  });
  return viewer;
});

process.on('message', (command: ViewersCommand) => {
  left = viewers.length;
  wrong = 0;
  bytes = 0;
  const request = `GET ${command.path} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n`;
  for (const viewer of viewers) {
    viewer.missing = null;
    viewer.pending = Buffer.alloc(0);
    viewer.socket.write(request);
  }
});
process.on('disconnect', () => process.exit(0));
