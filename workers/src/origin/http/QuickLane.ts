import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { QuickConnection, type QuickConnectionOptions } from './QuickConnection.ts';

export type QuickLaneOptions = Pick<QuickConnectionOptions, 'sending' | 'serve' | 'idleMs'>;

/**
 * Stands between an HTTP server and its connections: each begins here, and is the server's from its first request
 * on that isn't one of the plain ones that players send. The server then sees the connection as if it had just
 * been opened.
 */
export class QuickLane {
  readonly #connections = new Set<QuickConnection>();

  constructor(server: Server, options: QuickLaneOptions) {
    const adopters = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    const handOver = (socket: Socket, received: Buffer): void => {
      for (const adopt of adopters) adopt.call(server, socket);
      socket.emit('data', received);
      socket.resume();
    };
    server.on('connection', (socket) => {
      const connection = new QuickConnection(socket, {
        ...options,
        handOver,
        onClosed: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
    });
  }

  /** Ends the connections, each after the answer that is under way. */
  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}
