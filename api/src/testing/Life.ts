import type { Redis } from '@maydan/common';
import {
  controlDocument,
  controlKey,
  factGroup,
  factStream,
  type ControlDocument,
  type Fact,
  type Session,
  type SessionState,
  type WhipAuthorizeOutput,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { isBefore } from '../realtime/positions.ts';
import type { Account, TestApi } from './TestApi.ts';
import type { TestBackend } from './TestBackend.ts';

/** A host's session, with the facts that ingest and workers tell about it. */
export class Life {
  readonly host: Account;
  readonly #backend: TestBackend;
  readonly #api: () => TestApi;
  readonly #key: string;
  sessionId = '';
  playbackId = '';
  epoch = 0;
  fence = 1;

  /** `api` tells which process is asked: a test may start another. */
  static async create(backend: TestBackend, api: () => TestApi): Promise<Life> {
    const host = await api().register();
    return new Life(backend, api, host, (await api().createKey(host)).key);
  }

  private constructor(backend: TestBackend, api: () => TestApi, host: Account, key: string) {
    this.#backend = backend;
    this.#api = api;
    this.host = host;
    this.#key = key;
  }

  async authorize(): Promise<this> {
    Object.assign(this, await this.#api().publish(this.#key));
    return this;
  }

  /** The host's WHIP client is permitted. */
  async whip(): Promise<WhipAuthorizeOutput> {
    return this.#api().whip(this.#key);
  }

  relayUrl(epoch = this.epoch): string {
    return `http://127.0.0.1:8081/relay/${this.sessionId}/${epoch}.flv`;
  }

  async tell(fact: Record<string, unknown> & { type: Fact['type'] }): Promise<void> {
    const { sessionId, playbackId, epoch, fence } = this;
    const at = new Date().toISOString();
    const known = { sessionId, playbackId, epoch, fence, at, ...fact };
    await this.#backend.redis.xadd(factStream, '*', 'fact', JSON.stringify(known));
  }

  published(): Promise<void> {
    return this.tell({ type: 'ingest.published', connectionId: 'c', relayUrl: this.relayUrl() });
  }

  unpublished(epoch = this.epoch): Promise<void> {
    return this.tell({ type: 'ingest.unpublished', connectionId: 'c', reason: 'closed', epoch });
  }

  ready(change: object = {}): Promise<void> {
    return this.tell({ type: 'live.ready', renditions: ['720p', 'audio'], audioOnly: false, ...change });
  }

  ended(change: object = {}): Promise<void> {
    const done = { failure: null, durationMs: 61_000, byteLength: 5_000_000, recorded: true };
    return this.tell({ type: 'live.ended', ...done, ...change });
  }

  /** Publishes and waits until it is live. */
  async goLive(): Promise<this> {
    await this.authorize();
    await this.published();
    await this.reaches('starting');
    await this.ready();
    await this.reaches('live');
    return this;
  }

  session(): Promise<Session> {
    return this.#api().client.sessions.get({ id: this.sessionId });
  }

  async reaches(state: SessionState): Promise<Session> {
    let found: Session | undefined;
    const look = async (): Promise<boolean> => (found = await this.session()).state === state;
    await waitUntil(state, look, 60_000);
    return found as Session;
  }

  /** The control document once it says this; it is written just after the state. */
  async controlled(says: Partial<ControlDocument>): Promise<void> {
    const fits = async (): Promise<boolean> => {
      const document = await this.control();
      return JSON.stringify({ ...document, ...says }) === JSON.stringify(document);
    };
    await waitUntil(`control ${JSON.stringify(says)}`, fits, 60_000);
  }

  async control(): Promise<ControlDocument | null> {
    const text = await this.#backend.redis.get(controlKey(this.sessionId));
    return text === null ? null : controlDocument.parse(JSON.parse(text));
  }

  /** Changes the row as if time had passed. */
  async alter(data: Parameters<TestBackend['database']['session']['update']>[0]['data']): Promise<void> {
    await this.#backend.database.session.update({ where: { id: this.sessionId }, data });
  }
}

/** Waits until the consumer has handled everything that was told. */
export async function factsHandled(redis: Redis): Promise<void> {
  const mark = await redis.xadd(factStream, '*', 'fact', 'end of what was told');
  await waitUntil(
    'the facts',
    async () => {
      const groups = (await redis.xinfo('GROUPS', factStream)) as unknown[][];
      const group = groups.find((fields) => fields.includes(factGroup)) ?? [];
      const field = (name: string) => group[group.indexOf(name) + 1];
      return !isBefore(String(field('last-delivered-id')), String(mark)) && Number(field('pending')) === 0;
    },
    60_000,
  );
}
