import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** Takes connections and never answers, as the kernel of a process that stands still. */
export class DeadEnd {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  static async start(): Promise<DeadEnd> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new DeadEnd(server, sockets);
  }

  private constructor(server: Server, sockets: Set<Socket>) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.url = `http://127.0.0.1:${address.port}`;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** How many came. */
  get taken(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
