import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createLogger, createRedis, Lifecycle, mintRelayToken, relayPath, type Redis } from '@maydan/common';
import { fact, factStream, type Fact } from '@maydan/contracts';
import { startRedis, type EmbeddedRedis } from '@maydan/infra';
import { AuthorizeServer, type AuthorizeAnswer } from '../../../tests/support/rtmp/AuthorizeServer.ts';
import { RelayClient } from '../../../tests/support/rtmp/RelayClient.ts';
import { RtmpClient } from '../../../tests/support/rtmp/RtmpClient.ts';
import { waitFor } from '../../../tests/support/waitFor.ts';
import { configSchema } from '../config.ts';
import { startIngest, type IngestPorts } from '../startIngest.ts';

export const internalSecret = 'i7'.repeat(20);

/** Settings of an ingest on free ports of this machine. */
export const testEnvironment = (redisUrl: string, api: AuthorizeServer) => ({
  REDIS_URL: redisUrl,
  INTERNAL_SECRET: internalSecret,
  API_INTERNAL_URL: api.url,
  RTMP_HOST: '127.0.0.1',
  RTMP_PORT: '0',
  RELAY_PORT: '0',
  OPS_PORT: '0',
});

/** A Redis of its own in a folder of its own. */
export async function startTestRedis(): Promise<EmbeddedRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'maydan-ingest-'));
  const redis = await startRedis({ dir });
  return { ...redis, close: () => redis.close().finally(() => rm(dir, { recursive: true, force: true })) };
}

/** Facts of one session, in order. */
export async function factsOf(redis: Redis, sessionId: string): Promise<Fact[]> {
  const entries = await redis.xrange(factStream, '-', '+');
  const all = entries.map(([, fields]) => fact.parse(JSON.parse(fields[1] ?? '')));
  return all.filter((entry) => 'sessionId' in entry && entry.sessionId === sessionId);
}

/** Stands for the api: keys it was told of may publish, each publish raises the epoch of the key's session. */
export class KnownKeys {
  readonly #sessions = new Map<string, { sessionId: string; epoch: number }>();

  /** A new key with a session of its own. */
  grant(): { streamKey: string; sessionId: string } {
    const streamKey = `mk_${randomUUID().replaceAll('-', '')}`;
    const sessionId = randomUUID();
    this.#sessions.set(streamKey, { sessionId, epoch: 0 });
    return { streamKey, sessionId };
  }

  answer(streamKey: string): AuthorizeAnswer {
    const session = this.#sessions.get(streamKey);
    if (session === undefined) {
      return { status: 403, body: { error: { code: 'stream_key_refused', message: 'No.' } } };
    }
    session.epoch += 1;
    return { status: 200, body: { ...session, playbackId: 'p'.repeat(20) } };
  }
}

/** Ingest in this process with a real Redis, its lines of log kept. Whoever starts it closes it. */
export class TestIngest {
  readonly keys: KnownKeys;
  readonly api: AuthorizeServer;
  readonly redis: Redis;
  readonly #ports: IngestPorts;
  readonly #lifecycle: Lifecycle;
  readonly #lines: string[];
  readonly #clients: { destroy(): void }[] = [];

  static async start(redisUrl: string, env: Readonly<Record<string, string>> = {}): Promise<TestIngest> {
    const keys = new KnownKeys();
    const api = await AuthorizeServer.start(({ streamKey }) => keys.answer(streamKey));
    const lines: string[] = [];
    const sink = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) });
    const logger = createLogger('ingest', 'trace', sink);
    const lifecycle = new Lifecycle(logger);
    const config = configSchema.parse({ ...testEnvironment(redisUrl, api), ...env });
    const ports = await startIngest(config, logger, lifecycle);
    return new TestIngest(keys, api, createRedis(redisUrl, logger), ports, lifecycle, lines);
  }

  constructor(
    keys: KnownKeys,
    api: AuthorizeServer,
    redis: Redis,
    ports: IngestPorts,
    lifecycle: Lifecycle,
    lines: string[],
  ) {
    this.keys = keys;
    this.api = api;
    this.redis = redis;
    this.#ports = ports;
    this.#lifecycle = lifecycle;
    this.#lines = lines;
  }

  get ports(): IngestPorts {
    return this.#ports;
  }

  /** Everything logged so far. */
  get log(): string {
    return this.#lines.join('');
  }

  /** Opens the RTMP port; the connection is closed with this at the latest. */
  async connect(): Promise<RtmpClient> {
    return this.#own(await RtmpClient.open({ port: this.#ports.rtmp }));
  }

  /** Connects and asks to publish; the answer isn't waited for. */
  async publish(streamKey: string, app?: string): Promise<RtmpClient> {
    return this.#own(await RtmpClient.publish({ port: this.#ports.rtmp }, streamKey, app));
  }

  /** Publishes with a key of its own, until ingest has agreed. */
  async publishNew(): Promise<{ publisher: RtmpClient; sessionId: string; streamKey: string }> {
    const { streamKey, sessionId } = this.keys.grant();
    const publisher = await this.publish(streamKey);
    await publisher.waitForStatus();
    return { publisher, sessionId, streamKey };
  }

  /** Publishes with a key of its own; the api was asked and keeps its answer until `answer` is called. */
  async publishHeld(): Promise<{ publisher: RtmpClient; sessionId: string; answer: () => void }> {
    const { streamKey, sessionId } = this.keys.grant();
    const gate = Promise.withResolvers<undefined>();
    this.api.answer = async (question) => {
      await gate.promise;
      return this.keys.answer(question.streamKey);
    };
    const publisher = await this.publish(streamKey);
    await waitFor('the question', () => this.api.questions.length === 1, { everyMs: 5 });
    return { publisher, sessionId, answer: () => gate.resolve(undefined) };
  }

  relayUrl(sessionId: string, epoch: number): string {
    return `http://127.0.0.1:${this.#ports.relay}${relayPath(sessionId, epoch)}`;
  }

  /** Plays the relay with a good token. */
  async play(sessionId: string, epoch = 1): Promise<RelayClient> {
    const token = mintRelayToken(internalSecret, relayPath(sessionId, epoch));
    return this.#own(await RelayClient.open(this.relayUrl(sessionId, epoch), token));
  }

  facts(sessionId: string): Promise<Fact[]> {
    return factsOf(this.redis, sessionId);
  }

  /** Waits until the session's newest fact is the end of a publish, and returns it. */
  waitUntilUnpublished(sessionId: string): Promise<Fact & { type: 'ingest.unpublished' }> {
    return waitFor(
      'the end of a publish',
      async () => {
        const last = (await this.facts(sessionId)).at(-1);
        return last?.type === 'ingest.unpublished' && last;
      },
      { everyMs: 10 },
    );
  }

  /** Value of a metric, 0 when it isn't there. */
  async metric(name: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.ops}/metrics`);
    const lines = (await response.text()).split('\n');
    const line = lines.find((candidate) => candidate.startsWith(name));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  /** As SIGTERM does. */
  shutdown(): Promise<void> {
    return this.#lifecycle.shutdown();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.shutdown();
    await this.api.stop();
    this.redis.disconnect();
  }

  #own<T extends { destroy(): void }>(client: T): T {
    this.#clients.push(client);
    return client;
  }
}
