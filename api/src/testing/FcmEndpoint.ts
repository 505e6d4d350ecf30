import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import jwt from 'jsonwebtoken';
import { LocalHttp } from './LocalHttp.ts';
import { newKey } from './OpenIdIssuer.ts';

export interface FcmMessage {
  readonly token: string;
  readonly notification: { readonly title: string; readonly body: string };
  readonly data: Record<string, string>;
  readonly android: { readonly collapse_key: string };
  readonly apns: { readonly headers: Record<string, string> };
}

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

const scope = 'https://www.googleapis.com/auth/firebase.messaging';
const clientEmail = 'pusher@maydan-test.iam.gserviceaccount.com';

/** Google's token address and FCM's HTTP v1 API for one project with one service account, over real HTTP. */
export class FcmEndpoint extends LocalHttp {
  readonly sent: FcmMessage[] = [];
  /** When it was asked to send, whatever it answered. */
  readonly askedAt: number[] = [];
  tokenRequests = 0;
  /** Answers to the next requests, then what is right. */
  readonly answers: Reply[] = [];
  readonly tokenAnswers: Reply[] = [];
  /** Of the next access tokens. */
  lifetimeSec = 3_600;
  /** What must not be in any log. */
  readonly secrets: string[] = [];
  readonly #key = newKey();
  readonly #good = new Set<string>();

  static async start(): Promise<FcmEndpoint> {
    return new FcmEndpoint(await LocalHttp.listen());
  }

  /** The service account's key, as Google gives it out. */
  account(change: object = {}): object {
    const pem = pemOf(this.#key);
    // A line of it: logs write line breaks in another way.
    this.secrets.push(pem.split('\n')[10] ?? pem);
    return {
      ...{ type: 'service_account', project_id: 'maydan-test', client_email: clientEmail },
      ...{ private_key: pem, private_key_id: this.#key.kid, token_uri: `${this.url}/token` },
      ...change,
    };
  }

  get environment(): Record<string, string> {
    return { FCM_SERVICE_ACCOUNT: JSON.stringify(this.account()), FCM_BASE_URL: `${this.url}/` };
  }

  /** The registration token of a new app. */
  app(): string {
    const token = `${randomBytes(16).toString('base64url')}:APA91b${randomBytes(100).toString('base64url')}`;
    this.secrets.push(token);
    return token;
  }

  /** The access tokens that were given out are good no more. */
  expireTokens(): void {
    this.#good.clear();
  }

  to(token: string): FcmMessage[] {
    return this.sent.filter((message) => message.token === token);
  }

  protected override async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const reply = request.url === '/token' ? this.#grant(body) : this.#send(request, body);
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}));
  }

  #grant(body: string): Reply {
    this.tokenRequests += 1;
    const form = new URLSearchParams(body);
    const assertion = form.get('assertion') ?? '';
    this.secrets.push(assertion);
    const scripted = this.tokenAnswers.shift();
    if (scripted !== undefined) return scripted;
    const isGrant = form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    if (!isGrant || !this.#isGood(assertion)) return { status: 400, body: { error: 'invalid_grant' } };
    const token = `ya29.${randomBytes(60).toString('base64url')}`;
    this.#good.add(token);
    this.secrets.push(token);
    return {
      status: 200,
      body: { access_token: token, expires_in: this.lifetimeSec, token_type: 'Bearer' },
    };
  }

  /** As Google would check it: signature, issuer, audience, scope, and an hour at most. */
  #isGood(assertion: string): boolean {
    try {
      const audience = `${this.url}/token`;
      const { header, payload } = jwt.verify(assertion, this.#key.publicKey, {
        algorithms: ['RS256'],
        audience,
        issuer: clientEmail,
        maxAge: '1h',
        complete: true,
      });
      if (typeof payload === 'string' || header.kid !== this.#key.kid) return false;
      const { scope: asked, iat = 0, exp = Infinity } = payload as jwt.JwtPayload & { scope?: string };
      return asked === scope && exp - iat <= 3_600;
    } catch {
      return false;
    }
  }

  #send({ url, method, headers }: IncomingMessage, body: string): Reply {
    this.askedAt.push(Date.now());
    const isThere = method === 'POST' && url === '/v1/projects/maydan-test/messages:send';
    if (!isThere) return { status: 404, body: '<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>' };
    const token = headers.authorization?.replace(/^Bearer /, '') ?? '';
    if (!this.#good.has(token)) return { status: 401, body: fcmError(401, 'UNAUTHENTICATED') };
    const scripted = this.answers.shift();
    if (scripted !== undefined) return scripted;
    const { message } = JSON.parse(body) as { message: FcmMessage };
    this.sent.push(message);
    return { status: 200, body: { name: `projects/maydan-test/messages/${this.sent.length}` } };
  }
}

/** A refusal in the form of FCM's; `field` is what it finds wrong with the message. */
export function fcmError(code: number, status: string, errorCode?: string, field?: string): object {
  const types = 'type.googleapis.com/google';
  const details = [
    ...(errorCode === undefined ? [] : [{ '@type': `${types}.firebase.fcm.v1.FcmError`, errorCode }]),
    ...(field === undefined ? [] : [{ '@type': `${types}.rpc.BadRequest`, fieldViolations: [{ field }] }]),
  ];
  return { error: { code, status, message: 'This was refused.', details } };
}

export function pemOf({ privateKey }: ReturnType<typeof newKey>): string {
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}
