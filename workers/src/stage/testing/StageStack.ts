import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createLogger,
  createRedis,
  FactWriter,
  JobProducer,
  mintRelayToken,
  verifyInternalToken,
  type Redis,
} from '@maydan/common';
import {
  controlDocument,
  controlKey,
  fact as factSchema,
  factStream,
  stageAuthorizeInput,
  type ControlDocument,
  type Fact,
  type FactOf,
  type JoinClaims,
} from '@maydan/contracts';
import { startRedis, waitUntil, type EmbeddedRedis } from '@maydan/infra';
import { ServiceProcess } from '../../forward/testing/ServiceProcess.ts';
import { SfuProcess } from '../../forward/testing/SfuProcess.ts';
import { Admission } from '../../live/Admission.ts';
import { ControlChannel } from '../../live/ControlWatcher.ts';
import { ffmpegPath } from '../../source/testing/media.ts';
import { Labels } from '../compose/Labels.ts';
import { CompositeWorker } from '../composite.handler.ts';
import { StageRelays } from '../publish/StageRelays.ts';
import type { Clip } from './clip.ts';
import { StagePerson, type StagePersonOptions } from './StagePerson.ts';

const log = createLogger('test', 'silent');

/** Machines of tests are busy. */
const patienceMs = 45_000;

export interface StageStackOptions {
  readonly sessionType?: JoinClaims['sessionType'];
  readonly height?: number;
  /** The composite runs in a process of the real workers, or (default) in this one, which can look into it. */
  readonly ownProcess?: boolean;
  /** So many times longer than usual is waited for people to come back: a busy machine takes long to bring them. */
  readonly patience?: number;
  /** Of the first sfu node: who comes when it is full is sent to another. */
  readonly consumersPerWorker?: number;
}

/** For tests: real Redis, sfu and composite, with the test in the place of api and `live.transcode`. Who starts it closes it. */
export class StageStack {
  readonly secret = randomUUID() + randomUUID();
  readonly sessionId = randomUUID();
  readonly playbackId = 'a'.repeat(20);
  readonly folder: string;
  redisServer!: EmbeddedRedis;
  redis!: Redis;
  sfu!: SfuProcess;
  worker!: CompositeWorker;
  /** With `ownProcess`. */
  workers!: ServiceProcess;
  /** Questions of the worker that were answered. */
  authorized = 0;
  readonly #options: StageStackOptions;
  readonly #closes: (() => unknown)[] = [];
  readonly #people: StagePerson[] = [];
  #jobs!: JobProducer;
  #document: ControlDocument;

  static async start(options: StageStackOptions = {}): Promise<StageStack> {
    const stack = new StageStack(await mkdtemp(join(tmpdir(), 'maydan-stage-')), options);
    try {
      await stack.#open();
      return stack;
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  private constructor(folder: string, options: StageStackOptions) {
    this.folder = folder;
    this.#options = options;
    this.#closes.push(() => rm(folder, { recursive: true, force: true }));
    const { sessionId, playbackId } = this;
    this.#document = controlDocument.parse({
      ...{ sessionId, playbackId, desired: 'run', stopReason: null, epoch: 0, source: null },
      ...{ graceDeadlineAt: null, updatedAt: new Date(0).toISOString() },
    });
  }

  /** Writes and announces a change of the control document. */
  async control(change: Partial<ControlDocument>): Promise<void> {
    this.#document = { ...this.#document, ...change, revision: this.#document.revision + 1 };
    const text = JSON.stringify(this.#document);
    await this.redis.set(controlKey(this.sessionId), text);
    await this.redis.publish(controlKey(this.sessionId), text);
  }

  /** Orders the job as the api does when the stage has begun. */
  async startJob(): Promise<void> {
    const { sessionId, playbackId } = this;
    await this.control({});
    const data = { sessionId, playbackId, sessionType: this.#options.sessionType };
    await this.#jobs.add('live.composite', data, { jobId: sessionId });
  }

  /** Somebody comes on stage and sends a clip. */
  async join(name: string, clip: Clip, options: StagePersonOptions = {}): Promise<StagePerson> {
    const { redis, secret, sessionId } = this;
    const sessionType = this.#options.sessionType ?? 'video';
    const person = await StagePerson.join(
      {
        redis,
        secret,
        sessionId,
        sessionType,
        role: 'ingress',
        peerId: randomUUID(),
        displayName: name,
        log,
      },
      clip,
      options,
    );
    this.#people.push(person);
    return person;
  }

  async facts(): Promise<Fact[]> {
    const entries = await this.redis.xrange(factStream, '-', '+');
    return entries
      .map(([, fields]) => factSchema.parse(JSON.parse(fields[1] ?? '')))
      .filter((one) => 'sessionId' in one && one.sessionId === this.sessionId);
  }

  /** Waits for the n-th fact of a type (1 = the first). */
  async fact<T extends Fact['type']>(type: T, deadlineMs: number, nth = 1): Promise<FactOf<T>> {
    let found: FactOf<T> | undefined;
    await waitUntil(
      `fact ${type}`,
      async () => {
        const facts = await this.facts();
        found = facts.filter((one): one is FactOf<T> => one.type === type)[nth - 1];
        return found !== undefined;
      },
      deadlineMs,
      50,
    );
    if (found === undefined) throw new Error(`no ${type}`);
    // As the api does.
    const told: Fact = found;
    if (told.type === 'ingest.published') {
      const { relayUrl, epoch } = told;
      await this.control({ epoch, source: { relayUrl, epoch } });
    }
    return found;
  }

  /** Plays a relay as `live.transcode` does. Who asks destroys the answer. */
  async play(relayUrl: string): Promise<IncomingMessage> {
    const token = mintRelayToken(this.secret, new URL(relayUrl).pathname);
    const request = get(relayUrl, { headers: { authorization: `Bearer ${token}` } });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`the relay answers ${response.statusCode ?? 0}`);
    this.#closes.push(() => response.destroy());
    return response;
  }

  /** Plays a relay into a file until it ends or is told to stop. */
  async record(relayUrl: string): Promise<Recording> {
    const response = await this.play(relayUrl);
    const file = join(this.folder, `${randomUUID()}.flv`);
    const target = createWriteStream(file);
    const closed = once(target, 'close');
    response.on('error', () => undefined);
    response.pipe(target);
    response.once('close', () => target.end());
    const ended = closed.then(() => undefined);
    const stop = async (): Promise<string> => {
      response.destroy();
      await closed;
      return file;
    };
    this.#closes.push(stop);
    return { file, ended, stop };
  }

  /** Waits until so many of the people shown have a picture of their own. */
  async shows(pictures: number, tiles = pictures): Promise<void> {
    await waitUntil(
      `${pictures} pictures in ${tiles} tiles`,
      () => {
        const compositor = this.#picture?.compositor;
        if (compositor === undefined || compositor === null) return false;
        return compositor.tiles.length === tiles && compositor.shownPictures(performance.now()) === pictures;
      },
      patienceMs,
      20,
    );
  }

  /** Waits for so many further pictures. */
  async pictures(count: number): Promise<void> {
    const until = (this.#flv?.pictures ?? 0) + count;
    await waitUntil(`${count} more pictures`, () => (this.#flv?.pictures ?? 0) >= until, patienceMs, 20);
  }

  /** Waits until the publish has gone on for so long, however many pictures that took. */
  async goesOn(ms: number): Promise<void> {
    const until = this.mediaTimeMs + ms;
    await waitUntil(`${ms} ms more`, () => this.mediaTimeMs >= until, patienceMs, 20);
  }

  async mode(mode: 'composed' | 'passed'): Promise<void> {
    await waitUntil(`a ${mode} picture`, () => this.#picture?.mode === mode, patienceMs, 20);
  }

  /** Where the publish is on its own time line. */
  get mediaTimeMs(): number {
    return this.#flv?.pictureMs ?? 0;
  }

  get byteLength(): number {
    return this.#flv?.byteLength ?? 0;
  }

  get #picture() {
    return this.worker.sessions[0]?.publish?.engine.picture;
  }

  get #flv() {
    return this.worker.sessions[0]?.publish?.engine.flv;
  }

  async jobs(): Promise<number> {
    return this.#jobs.queue('live.composite').getJobCountByTypes('active', 'waiting', 'delayed');
  }

  async close(): Promise<void> {
    for (const person of this.#people) await person.close();
    for (const close of this.#closes.reverse()) await close();
  }

  /** Another worker in the place of the one that is there, which isn't told. */
  async startWorker(): Promise<CompositeWorker> {
    const connect = (maxWaitMs: number | null): Redis => this.#connect(maxWaitMs);
    const { secret } = this;
    const relays = await StageRelays.create({
      host: '127.0.0.1',
      port: 0,
      url: null,
      internalSecret: secret,
      log,
    });
    this.#closes.push(() => relays.close());
    const redis = connect(5_000);
    const facts = new FactWriter(redis, log);
    this.#closes.push(() => facts.close());
    const worker = new CompositeWorker({
      deps: {
        config: {
          FFMPEG_PATH: ffmpegPath,
          INTERNAL_SECRET: secret,
          API_INTERNAL_URL: await this.#apiUrl(),
          STAGE_HEIGHT: this.#options.height ?? 180,
          STAGE_FRAME_RATE: 30,
          STAGE_RTP_ADDRESS: undefined,
        },
        ...{ redis, facts, relays },
        control: new ControlChannel(connect(null)),
        admission: new Admission(2),
        labels: new Labels(ffmpegPath, log),
        patience: this.#options.patience ?? 1,
      },
      connection: connect(null),
      concurrency: 4,
      log,
    });
    this.#closes.push(() => worker.close());
    return worker;
  }

  /** Another sfu node. */
  async startSfu(env: NodeJS.ProcessEnv = {}): Promise<SfuProcess> {
    const sfu = await SfuProcess.start({ redisUrl: this.redisServer.url, secret: this.secret, env });
    this.#closes.push(() => sfu.kill());
    return sfu;
  }

  #connect(maxWaitMs: number | null): Redis {
    const redis = createRedis(this.redisServer.url, log, { maxWaitMs });
    this.#closes.push(() => redis.disconnect());
    return redis;
  }

  async #open(): Promise<void> {
    this.redisServer = await startRedis({ dir: join(this.folder, 'redis') });
    this.#closes.push(() => this.redisServer.close());
    this.redis = this.#connect(5_000);
    const { consumersPerWorker } = this.#options;
    this.sfu = await this.startSfu(
      consumersPerWorker === undefined ? {} : { SFU_CONSUMERS_PER_WORKER: String(consumersPerWorker) },
    );
    this.#jobs = new JobProducer(this.#connect(null));
    this.#closes.push(() => this.#jobs.close());
    if (this.#options.ownProcess === true) this.workers = await this.startWorkers();
    else this.worker = await this.startWorker();
  }

  /** The workers as a process of its own, of which only the composite has work. */
  async startWorkers(): Promise<ServiceProcess> {
    const workers = new ServiceProcess({
      service: 'workers',
      readyText: '"listening"',
      env: {
        ...{ REDIS_URL: this.redisServer.url, INTERNAL_SECRET: this.secret, LOG_LEVEL: 'info' },
        API_INTERNAL_URL: await this.#apiUrl(),
        // Nothing is recorded here.
        ...{ S3_ENDPOINT: 'http://127.0.0.1:9', S3_ACCESS_KEY_ID: 'none', S3_SECRET_ACCESS_KEY: 'none' },
        SPOOL_DIR: join(this.folder, randomUUID()),
        ...{ ORIGIN_HOST: '127.0.0.1', ORIGIN_PORT: '0', OPS_PORT: '0', STAGE_RELAY_PORT: '0' },
        STAGE_HEIGHT: String(this.#options.height ?? 180),
      },
    });
    this.#closes.push(() => workers.kill());
    await workers.start();
    return workers;
  }

  #api: Server | null = null;

  /** Stands where the api answers for `POST /internal/stage/authorize`: each answer raises the epoch. */
  async #apiUrl(): Promise<string> {
    if (this.#api === null) {
      const api = createServer((request, response) => {
        request.setEncoding('utf8');
        let body = '';
        request.on('data', (text: string) => (body += text));
        request.on('end', () => {
          verifyInternalToken(this.secret, (request.headers.authorization ?? '').replace('Bearer ', ''));
          const { sessionId } = stageAuthorizeInput.parse(JSON.parse(body));
          this.authorized += 1;
          const answer = { sessionId, playbackId: this.playbackId, epoch: this.authorized };
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
        });
      });
      api.listen(0, '127.0.0.1');
      await once(api, 'listening');
      this.#closes.push(() => new Promise((resolve) => api.close(resolve)));
      this.#api = api;
    }
    return `http://127.0.0.1:${(this.#api.address() as AddressInfo).port}`;
  }
}

export interface Recording {
  readonly file: string;
  readonly ended: Promise<void>;
  /** Hangs up; returns the file's path. */
  stop(): Promise<string>;
}
