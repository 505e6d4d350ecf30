import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface GatewayRequest {
  readonly authorization: string | undefined;
  readonly body: { readonly recipient: string; readonly message: string };
}

/** A gateway for text messages, over real HTTP, that keeps what it was asked to send. */
export class SmsGateway {
  readonly requests: GatewayRequest[] = [];
  status = 202;
  readonly #server: Server;
  readonly #url: string;

  static async start(): Promise<SmsGateway> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SmsGateway(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/messages`;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as GatewayRequest['body'];
    if (this.status < 300) this.requests.push({ authorization: request.headers.authorization, body });
    response.writeHead(this.status).end();
  }

  get environment(): Record<string, string> {
    return {
      SMS_GATEWAY_URL: this.#url,
      SMS_GATEWAY_TOKEN: 'the-gateways-token',
      SMS_GATEWAY_BODY: '{"recipient":"{to}","message":"{text}"}',
    };
  }

  /** The code of the newest message to a number. */
  codeFor(phone: string): string {
    const newest = this.requests.findLast(({ body }) => body.recipient === phone);
    return /\d{6}/.exec(newest?.body.message ?? '')?.[0] ?? '';
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
