import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AuthorizeQuestion {
  readonly streamKey: string;
  readonly app: string;
  readonly connectionId: string;
  readonly remoteAddress: string;
}

export interface AuthorizeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Stands where the api answers `POST /internal/ingest/authorize`; the test says what it answers. */
export class AuthorizeServer {
  readonly questions: AuthorizeQuestion[] = [];
  /** Bearer tokens of the questions. */
  readonly tokens: string[] = [];
  /** May take its time; undefined cuts the connection. */
  answer: (question: AuthorizeQuestion) => Promise<AuthorizeAnswer | undefined> | AuthorizeAnswer | undefined;
  #server: Server;
  readonly #port: number;

  static async start(answer: AuthorizeServer['answer']): Promise<AuthorizeServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AuthorizeServer(server, answer);
  }

  constructor(server: Server, answer: AuthorizeServer['answer']) {
    this.#server = server;
    this.answer = answer;
    this.#port = (server.address() as AddressInfo).port;
    this.#listen(server);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** As if the process had been killed: every connection is cut. */
  async stop(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : Promise.resolve();
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Comes back at the same address. */
  async restart(): Promise<void> {
    this.#server = createServer();
    this.#listen(this.#server);
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  #listen(server: Server): void {
    server.on('request', (request, response) => void this.#handle(request, response));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url !== '/internal/ingest/authorize') return void response.writeHead(204).end();
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const question = JSON.parse(body) as AuthorizeQuestion;
    this.questions.push(question);
    this.tokens.push((request.headers.authorization ?? '').replace('Bearer ', ''));
    const answer = await this.answer(question);
    if (answer === undefined) return void response.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  }
}
