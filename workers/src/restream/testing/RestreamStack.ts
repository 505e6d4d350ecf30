import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, FactWriter, parseJson, type Logger, type Redis } from '@maydan/common';
import {
  controlKey,
  fact,
  factStream,
  restreamChannel,
  restreamReport,
  restreamStatusKey,
  type ControlDocument,
  type RestreamReport,
  type RestreamWanted,
} from '@maydan/contracts';
import { startRedis, waitUntil, type EmbeddedRedis } from '@maydan/infra';
import { ControlChannel } from '../../live/ControlWatcher.ts';
import { RestreamSession } from '../RestreamSession.ts';

const secret = 's1'.repeat(20);
const retry = { firstMs: 100, maxMs: 400 };

/** For tests: restreams of this process with a real Redis, the test in the place of the api. Who starts it closes it. */
export class RestreamStack {
  readonly redis: Redis;
  readonly sessionId = randomUUID();
  /** What the api answers. */
  wanted: RestreamWanted[] = [];
  limits = { waitingBytes: 32 * 2 ** 20, stallMs: 1_500, answerMs: 1_500 };
  /** Connections in a test may go to this machine; those of other tests may not. */
  allowPrivate = true;
  readonly #log: Logger;
  readonly #lines: string[] = [];
  readonly #folder: string;
  readonly #redisServer: EmbeddedRedis;
  readonly #subscriber: Redis;
  readonly #facts: FactWriter;
  readonly #control: ControlChannel;
  readonly #api: Server;
  readonly #sessions: RestreamSession[] = [];
  #revision = 0;

  static async start(): Promise<RestreamStack> {
    const folder = await mkdtemp(join(tmpdir(), 'maydan-restream-'));
    const stack = new RestreamStack(folder, await startRedis({ dir: join(folder, 'redis') }));
    stack.#api.listen(0, '127.0.0.1');
    await once(stack.#api, 'listening');
    return stack;
  }

  private constructor(folder: string, redisServer: EmbeddedRedis) {
    this.#folder = folder;
    this.#redisServer = redisServer;
    this.#log = createLogger('test', 'trace', { write: (line: string) => void this.#lines.push(line) });
    this.redis = createRedis(redisServer.url, this.#log);
    this.#subscriber = createRedis(redisServer.url, this.#log, { maxWaitMs: null });
    this.#facts = new FactWriter(this.redis, this.#log);
    this.#control = new ControlChannel(this.#subscriber);
    this.#api = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ targets: this.wanted }));
    });
  }

  /** Everything logged so far. */
  get log(): string {
    return this.#lines.join('');
  }

  target(url: string, streamKey: string | null = 'a-stream-key'): RestreamWanted {
    const target = { id: randomUUID(), url, streamKey, version: 1 };
    this.wanted = [...this.wanted, target];
    return target;
  }

  /** The api says that it would answer something else now. */
  async announce(): Promise<void> {
    await this.redis.publish(restreamChannel(this.sessionId), '');
  }

  async control(source: ControlDocument['source'], desired: 'run' | 'stop' = 'run'): Promise<void> {
    const document: ControlDocument = {
      ...{ sessionId: this.sessionId, playbackId: 'p'.repeat(24), desired, source },
      ...{ stopReason: desired === 'stop' ? 'hostEnded' : null, epoch: source?.epoch ?? 1 },
      ...{
        rtmp: source,
        stageLayout: 'grid',
        dropRtmpBelow: 0,
        graceDeadlineAt: null,
        revision: ++this.#revision,
        updatedAt: new Date().toISOString(),
      },
    };
    const text = JSON.stringify(document);
    await this.redis.set(controlKey(this.sessionId), text);
    await this.redis.publish(controlKey(this.sessionId), text);
  }

  /** A run of the session's job, as a worker has it. */
  begin(): RestreamSession {
    const { port } = this.#api.address() as AddressInfo;
    const config = {
      ...{ INTERNAL_SECRET: secret, API_INTERNAL_URL: `http://127.0.0.1:${port}` },
      RESTREAM_ALLOW_PRIVATE: this.allowPrivate,
    };
    const { redis, limits } = this;
    const parts = { redis, facts: this.#facts, control: this.#control, limits, retry };
    const session = new RestreamSession({ config, ...parts }, { sessionId: this.sessionId }, this.#log);
    this.#sessions.push(session);
    return session;
  }

  async report({ id }: RestreamWanted): Promise<RestreamReport | null> {
    const text = await this.redis.get(restreamStatusKey(id));
    return text === null ? null : restreamReport.parse(parseJson(text));
  }

  /** Waits for what a target's report has to be. */
  async reported(
    target: RestreamWanted,
    what: string,
    isIt: (report: RestreamReport) => boolean,
  ): Promise<RestreamReport> {
    let last: RestreamReport | null = null;
    const look = async (): Promise<boolean> => {
      last = await this.report(target);
      return last !== null && isIt(last);
    };
    await waitUntil(`${what} of ${target.url}`, look, 30_000).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${JSON.stringify(last)}`);
    });
    if (last === null) throw new Error('no report');
    return last;
  }

  /** Targets that the api was told of, in order. */
  async told(): Promise<string[]> {
    const entries = await this.redis.xrange(factStream, '-', '+');
    const facts = entries.map(([, fields]) => fact.parse(parseJson(fields[1] ?? '')));
    return facts.flatMap((one) => (one.type === 'restream.changed' ? [one.targetId] : []));
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.leave();
    await Promise.all(this.#sessions.map(({ finished }) => finished));
    await this.#facts.close();
    this.#api.closeAllConnections();
    this.#api.close();
    this.#subscriber.disconnect();
    this.redis.disconnect();
    await this.#redisServer.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
