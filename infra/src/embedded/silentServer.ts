import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface SilentServer {
  readonly port: number;
  /** Idempotent. */
  close(): void;
}

/** Listens, says where, and never takes a connection. */
const program = `
const server = require('node:net').createServer();
server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;
/** What the kernel takes for it: one more than it asked for (Linux). */
const queued = 2;

/**
 * For tests: a TCP port that is to whoever connects to it as a machine that is lost: nothing is refused, and nothing comes back.
 * Its queue is full, so the kernel drops what else arrives.
 */
export async function startSilentServer(): Promise<SilentServer> {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const sockets: Socket[] = [];
  const close = (): void => {
    child.kill('SIGKILL');
    for (const socket of sockets) socket.destroy();
  };
  try {
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(said.toString());
    for (let count = 0; count < queued; count++) {
      const socket = connect({ host: '127.0.0.1', port });
      sockets.push(socket);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
    }
    return { port, close };
  } catch (error) {
    close();
    throw error;
  }
}
