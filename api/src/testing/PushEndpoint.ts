import { createECDH, randomBytes, type ECDH } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { decrypt } from 'http_ece';
import { LocalHttp } from './LocalHttp.ts';

export interface Pushed {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** What the browser of the subscription reads; another implementation than ours decrypts it. */
  readonly payload: unknown;
}

/** A push service with its browsers, over real HTTP. */
export class PushEndpoint extends LocalHttp {
  readonly pushed: Pushed[] = [];
  /** Answers to the next requests, then 201. */
  readonly answers: { status: number; headers?: Record<string, string> }[] = [];
  readonly #browsers = new Map<string, { ecdh: ECDH; auth: Buffer }>();

  static async start(): Promise<PushEndpoint> {
    return new PushEndpoint(await LocalHttp.listen());
  }

  /** A new browser's subscription. */
  subscribe(): { endpoint: string; keys: { p256dh: string; auth: string } } {
    const path = `/push/${randomBytes(8).toString('hex')}`;
    const ecdh = createECDH('prime256v1');
    const p256dh = ecdh.generateKeys().toString('base64url');
    const auth = randomBytes(16);
    this.#browsers.set(path, { ecdh, auth });
    return { endpoint: this.url + path, keys: { p256dh, auth: auth.toString('base64url') } };
  }

  to(endpoint: string): Pushed[] {
    return this.pushed.filter(({ path }) => this.url + path === endpoint);
  }

  protected override async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { status, headers } = this.answers.shift() ?? { status: 201, headers: {} };
    const path = request.url ?? '';
    const browser = this.#browsers.get(path);
    if (status < 300 && browser !== undefined) {
      const options = { version: 'aes128gcm', privateKey: browser.ecdh, authSecret: browser.auth };
      const payload: unknown = JSON.parse(decrypt(body, options).toString());
      this.pushed.push({ path, headers: request.headers, payload });
    }
    response.writeHead(status, headers).end();
  }
}
