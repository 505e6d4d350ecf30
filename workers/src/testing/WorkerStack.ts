import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createLogger, createRedis, JobProducer, type Redis } from '@maydan/common';
import {
  controlKey,
  fact as factSchema,
  factStream,
  type ControlDocument,
  type Fact,
  type FactOf,
  type SessionType,
} from '@maydan/contracts';
import { freePort, startRedis, startS3, waitUntil, type EmbeddedRedis, type EmbeddedS3 } from '@maydan/infra';
import { FlvRelay } from './FlvRelay.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const log = createLogger('test', 'silent');
const keptLines = 60;
const keptColumns = 500;

/**
 * For tests: real Redis, S3 and workers as a process of their own, with the test in the place of api and ingest. The
 * worker keeps its ports and folders over restarts. Who creates it closes it.
 */
export class WorkerStack {
  readonly redis: Redis;
  readonly relay: FlvRelay;
  redisServer: EmbeddedRedis;
  s3: EmbeddedS3;
  readonly folder: string;
  readonly originPort: number;
  readonly secret: string;
  /** Of the worker that was started last. */
  opsPort = 0;
  readonly #jobs: JobProducer;
  readonly #lines: string[] = [];
  #worker: ChildProcess | null = null;

  static async create(): Promise<WorkerStack> {
    const folder = await mkdtemp(join(tmpdir(), 'maydan-workers-'));
    const secret = randomUUID() + randomUUID();
    const [redisServer, s3, relay, originPort] = await Promise.all([
      startRedis({ dir: join(folder, 'redis') }),
      startS3({ dir: join(folder, 's3') }),
      FlvRelay.create(secret),
      freePort(),
    ]);
    return new WorkerStack({ folder, secret, redisServer, s3, relay, originPort });
  }

  private constructor(parts: {
    folder: string;
    secret: string;
    redisServer: EmbeddedRedis;
    s3: EmbeddedS3;
    relay: FlvRelay;
    originPort: number;
  }) {
    this.folder = parts.folder;
    this.secret = parts.secret;
    this.redisServer = parts.redisServer;
    this.s3 = parts.s3;
    this.relay = parts.relay;
    this.originPort = parts.originPort;
    this.redis = createRedis(this.redisServer.url, log, { maxWaitMs: null });
    this.#jobs = new JobProducer(this.redis);
  }

  /** The newest lines of the worker's log, for messages of failed tests. */
  get logTail(): string {
    return this.#lines.join('\n');
  }

  async startWorker(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const worker = spawn(process.execPath, [main], {
      env: { ...process.env, ...this.#environment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#worker = worker;
    let isListening = false;
    for (const stream of [worker.stdout, worker.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line.slice(0, keptColumns));
        if (this.#lines.length > keptLines) this.#lines.shift();
        if (!line.includes('"listening"')) return;
        isListening = true;
        this.opsPort = Number(/"ops":(\d+)/.exec(line)?.[1]);
      });
    }
    await waitUntil('the worker', () => isListening || worker.exitCode !== null, 60_000);
    if (worker.exitCode !== null) throw new Error(`the worker did not start:\n${this.logTail}`);
  }

  /** Sends a signal to the worker and waits for its end; returns its exit code. */
  async stopWorker(signal: NodeJS.Signals): Promise<number | null> {
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null || worker.exitCode !== null || worker.signalCode !== null)
      return worker?.exitCode ?? null;
    worker.kill(signal);
    await once(worker, 'exit');
    return worker.exitCode;
  }

  /** A new session with its job, as the api makes it when a publish was authorised. */
  async startSession(sessionType: SessionType = 'video'): Promise<LiveTest> {
    const session = new LiveTest(this, randomUUID(), randomUUID().replaceAll('-', ''));
    await session.control({
      epoch: 1,
      source: { relayUrl: this.relay.urlOf(session.sessionId, 1), epoch: 1 },
    });
    const { sessionId, playbackId } = session;
    await this.#jobs.add('live.transcode', { sessionId, playbackId, sessionType }, { jobId: sessionId });
    return session;
  }

  /** Orders poster and storyboard, as the api does when a session has ended. */
  async orderImages({ sessionId, playbackId }: LiveTest, durationMs: number): Promise<void> {
    await this.#jobs.add(
      'vod.images',
      { sessionId, playbackId, durationMs },
      { jobId: sessionId, attempts: 5 },
    );
  }

  async facts(sessionId: string): Promise<Fact[]> {
    const entries = await this.redis.xrange(factStream, '-', '+');
    return entries
      .map(([, fields]) => factSchema.parse(JSON.parse(fields[1] ?? '')))
      .filter((one) => 'sessionId' in one && one.sessionId === sessionId);
  }

  async restartRedis(): Promise<void> {
    process.kill(this.redisServer.pid, 'SIGKILL');
    await this.redisServer.exited;
    this.redisServer = await startRedis({ dir: join(this.folder, 'redis') });
  }

  async close(): Promise<void> {
    await this.stopWorker('SIGKILL');
    await this.relay.close();
    await this.#jobs.close();
    this.redis.disconnect();
    await Promise.all([this.redisServer.close(), this.s3.close()]);
    await rm(this.folder, { recursive: true, force: true });
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      LOG_LEVEL: 'info',
      REDIS_URL: this.redisServer.url,
      INTERNAL_SECRET: this.secret,
      OPS_PORT: '0',
      ORIGIN_HOST: '127.0.0.1',
      ORIGIN_PORT: String(this.originPort),
      STAGE_RELAY_PORT: '0',
      SPOOL_DIR: join(this.folder, 'spool'),
      WORKER_CPU_BUDGET: '2',
      S3_ENDPOINT: this.s3.endpoint,
      S3_ACCESS_KEY_ID: this.s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: this.s3.secretAccessKey,
      S3_BUCKET: this.s3.bucket,
    };
  }
}

/** One session as the api and a viewer see it. */
export class LiveTest {
  readonly sessionId: string;
  readonly playbackId: string;
  readonly #stack: WorkerStack;
  #document: ControlDocument;

  constructor(stack: WorkerStack, sessionId: string, playbackId: string) {
    this.#stack = stack;
    this.sessionId = sessionId;
    this.playbackId = playbackId;
    const nothing = {
      stopReason: null,
      source: null,
      rtmp: null,
      stageLayout: 'grid' as const,
      dropRtmpBelow: 0,
      graceDeadlineAt: null,
      revision: 0,
      updatedAt: new Date(0).toISOString(),
    };
    this.#document = { sessionId, playbackId, desired: 'run', epoch: 0, ...nothing };
  }

  /** Writes and announces a change of the control document. */
  async control(change: Partial<ControlDocument>): Promise<void> {
    this.#document = { ...this.#document, ...change, revision: this.#document.revision + 1 };
    const key = controlKey(this.sessionId);
    const text = JSON.stringify(this.#document);
    await this.#stack.redis.set(key, text);
    await this.#stack.redis.publish(key, text);
  }

  async stop(): Promise<void> {
    await this.control({ desired: 'stop', stopReason: 'hostEnded', source: null });
  }

  /** Waits for the n-th fact of a type (1 = the first). */
  async fact<T extends Fact['type']>(type: T, deadlineMs: number, nth = 1): Promise<FactOf<T>> {
    let found: FactOf<T> | undefined;
    try {
      await waitUntil(
        `fact ${type}`,
        async () => {
          const facts = await this.#stack.facts(this.sessionId);
          found = facts.filter((one): one is FactOf<T> => one.type === type)[nth - 1];
          return found !== undefined;
        },
        deadlineMs,
        100,
      );
    } catch (error) {
      throw new Error(`no ${type}; the worker said:\n${this.#stack.logTail}`, { cause: error });
    }
    if (found === undefined) throw new Error(`no ${type}`);
    return found;
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.#stack.originPort}/hls/${this.playbackId}/${path}`;
  }

  /** Text of a playlist; rejects unless it is there. */
  async playlist(path: string): Promise<string> {
    const response = await fetch(this.url(path));
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.text();
  }
}
