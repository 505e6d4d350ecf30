import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of somebody else's, over real HTTP, on loopback at any free port. */
export abstract class LocalHttp {
  readonly url: string;
  readonly #server: Server;

  protected static async listen(): Promise<Server> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  protected constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => {
      this.answer(request, response).catch((error: unknown) => {
        // Who asks may go in the middle of the question: their time was over.
        if (request.errored === null) throw error;
      });
    });
  }

  protected abstract answer(request: IncomingMessage, response: ServerResponse): Promise<void>;

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
