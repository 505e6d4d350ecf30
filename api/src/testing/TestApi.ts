import { randomBytes } from 'node:crypto';
import { mintInternalToken } from '@maydan/common';
import {
  createApiClient,
  errorBody,
  ingestAuthorizeOutput,
  type signedIn,
  type streamKeyCreated,
  type ApiClient,
  type IngestAuthorizeOutput,
  type WhipAuthorizeOutput,
  whipAuthorizeOutput,
} from '@maydan/contracts';
import type { z } from 'zod';
import type { Api } from '../Api.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface AskOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export type Account = z.infer<typeof signedIn> & { readonly password: string; readonly client: ApiClient };

/** What a request names somebody by. */
export const idOf = ({ user }: Account): { id: string } => ({ id: user.id });

/** Status and code of a refusal. */
export function refusalOf({ status, body }: Answer): string {
  return `${status} ${errorBody.parse(body).error.code}`;
}

/** An api under test, as its clients see it. */
export class TestApi {
  readonly url: string;
  readonly opsUrl: string;
  readonly client: ApiClient;
  readonly #api: Pick<Api, 'port' | 'opsPort' | 'close'>;
  readonly #internalSecret: string;

  constructor(api: Pick<Api, 'port' | 'opsPort' | 'close'>, internalSecret: string) {
    this.#api = api;
    this.#internalSecret = internalSecret;
    this.url = `http://127.0.0.1:${api.port}`;
    this.opsUrl = `http://127.0.0.1:${api.opsPort}`;
    this.client = createApiClient({ baseUrl: this.url });
  }

  close(): Promise<void> {
    return this.#api.close();
  }

  /** A plain request; `body` is sent as JSON unless it is a string. */
  async ask(method: string, path: string, options: AskOptions = {}): Promise<Answer> {
    const { token, body } = options;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** Status and code with which a request to the REST API is refused; null: without a sign-in. */
  async refusal(
    account: Pick<Account, 'accessToken'> | null,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<string> {
    const token = account === null ? {} : { token: account.accessToken };
    return refusalOf(await this.ask(method, `/api/v1${path}`, { ...token, body }));
  }

  clientOf(accessToken: string): ApiClient {
    return createApiClient({ baseUrl: this.url, accessToken: () => accessToken });
  }

  /** A new account with a client that is signed in. */
  async register(username = `u_${randomBytes(6).toString('hex')}`): Promise<Account> {
    const password = `pass-${username}-word`;
    const email = `${username}@example.org`;
    const account = await this.client.auth.register({ username, email, password });
    return { ...account, password, client: this.clientOf(account.accessToken) };
  }

  /** So many new accounts. */
  people(count: number): Promise<Account[]> {
    return Promise.all(Array.from({ length: count }, () => this.register()));
  }

  async createKey(account: Account): Promise<z.infer<typeof streamKeyCreated>> {
    return account.client.streamKeys.create({});
  }

  /** Ingest's question; the answer as it is. */
  askToPublish(streamKey: string, change: Record<string, unknown> = {}): Promise<Answer> {
    return this.ask('POST', '/internal/ingest/authorize', {
      token: mintInternalToken(this.#internalSecret, 'ingest'),
      body: { app: 'live', streamKey, connectionId: 'c1', remoteAddress: '203.0.113.5', ...change },
    });
  }

  /** The sfu's question about a WHIP request; the answer as it is. */
  askToWhip(streamKey: string, change: Record<string, unknown> = {}): Promise<Answer> {
    return this.ask('POST', '/internal/whip/authorize', {
      token: mintInternalToken(this.#internalSecret, 'sfu'),
      body: { streamKey, connectionId: 'w1', remoteAddress: '203.0.113.6', ...change },
    });
  }

  /** A WHIP publish that must be permitted. */
  async whip(streamKey: string): Promise<WhipAuthorizeOutput> {
    const { body } = await this.askToWhip(streamKey);
    return whipAuthorizeOutput.parse(body);
  }

  /** The question of a worker that composes a stage; the answer as it is. */
  askToCompose(sessionId: string): Promise<Answer> {
    return this.ask('POST', '/internal/stage/authorize', {
      token: mintInternalToken(this.#internalSecret, 'workers'),
      body: { sessionId, connectionId: 'worker-1' },
    });
  }

  /** The epoch that a composed stage is given, which must be permitted. */
  async compose(sessionId: string): Promise<number> {
    const { body } = await this.askToCompose(sessionId);
    return ingestAuthorizeOutput.parse(body).epoch;
  }

  /** A publish that must be permitted. */
  async publish(streamKey: string): Promise<IngestAuthorizeOutput> {
    const { body } = await this.askToPublish(streamKey);
    return ingestAuthorizeOutput.parse(body);
  }
}
