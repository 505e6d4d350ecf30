import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { webhookMessage, type WebhookMessage } from '@maydan/contracts';
import { LocalHttp } from './LocalHttp.ts';

/** How the endpoint answers one message. `hang`: never. */
export interface WebhookAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly hang?: boolean;
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly message: WebhookMessage;
}

/** Another system that is told what happens, over real HTTP; each path is an endpoint of its own. */
export class WebhookEndpoint extends LocalHttp {
  readonly received: Received[] = [];
  /** Answers to the next messages of a path, then 200. */
  readonly answers = new Map<string, WebhookAnswer[]>();
  #count = 0;

  static async start(): Promise<WebhookEndpoint> {
    return new WebhookEndpoint(await LocalHttp.listen());
  }

  /** A new address, which gives these answers first. */
  address(...answers: WebhookAnswer[]): string {
    const path = `/hooks/${this.#count++}`;
    this.answers.set(path, answers);
    return this.url + path;
  }

  at(address: string): Received[] {
    return this.received.filter(({ path }) => this.url + path === address);
  }

  protected override async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const body = await buffer(request);
    const message = webhookMessage.parse(JSON.parse(body.toString()));
    this.received.push({ path, headers: request.headers, body, message });
    const { status, headers, body: said, hang } = this.answers.get(path)?.shift() ?? {};
    if (hang !== true) response.writeHead(status ?? 200, headers).end(said ?? 'ok');
  }
}

/** Whether the message is signed with the secret, as a receiver checks it. */
export function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body.toString()}`;
  const expected = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(expected);
}
