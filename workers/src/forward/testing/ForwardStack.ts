import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createLogger,
  createRedis,
  JobProducer,
  listSfuNodes,
  mintJoinToken,
  type Redis,
} from '@maydan/common';
import {
  controlDocument,
  controlKey,
  type ControlDocument,
  type SessionType,
  type SfuNode,
} from '@maydan/contracts';
import { startRedis, type EmbeddedRedis } from '@maydan/infra';
import type { ClientProcess } from '../../../../tests/support/whip/ClientProcess.ts';
import { startAiortcPlayer } from '../../../../tests/support/whip/clients.ts';
import { warmUpEncoder } from '../../ffmpeg/LegEncoder.ts';
import { Admission } from '../../live/Admission.ts';
import { ControlChannel } from '../../live/ControlWatcher.ts';
import { ffmpegPath } from '../../source/testing/media.ts';
import { ffmpegFeed, FlvRelay, type FlvFeed } from '../../testing/FlvRelay.ts';
import { ForwardWorker } from '../forward.handler.ts';
import { SfuClient } from '../../sfu/SfuClient.ts';
import { SfuConnection } from '../../sfu/SfuConnection.ts';
import { RtpViewer } from './RtpViewer.ts';
import { SfuProcess } from './SfuProcess.ts';

const log = createLogger('test', 'silent');

/** What a publisher sends: a picture that moves with flash and beep in each second. */
export interface PublishOptions {
  readonly size?: string;
  /** Frames from key frame to key frame; 30 frames a second. */
  readonly group?: number;
  readonly bFrames?: number;
  readonly video?: boolean;
  readonly audio?: boolean;
  /** A tone without a pause in place of the beep. */
  readonly tone?: boolean;
  readonly bitrate?: string;
  readonly pixelFormat?: string;
  readonly interlaced?: boolean;
  readonly audioRateHz?: number;
  readonly audioChannels?: 1 | 2;
  /** A further filter of the picture, whose frames then come when they come. */
  readonly filter?: string;
}

/** Arguments of an ffmpeg that publishes at the speed of real time. */
export function publishArguments(options: PublishOptions = {}): string[] {
  const { size = '320x180', group = 30, bFrames = 0, video = true, audio = true } = options;
  const { bitrate = '400k', pixelFormat = 'yuv420p', interlaced = false, tone = false } = options;
  const { audioRateHz = 48_000, audioChannels = 2, filter } = options;
  const flash = "drawbox=c=white:t=fill:enable='lt(mod(t,1),0.1)'";
  const picture = [
    `testsrc2=s=${size}:r=30`,
    'lutyuv=y=val/3',
    flash,
    ...(filter === undefined ? [] : [filter]),
  ];
  const wave = `0.8*sin(2*PI*1000*t)${tone ? '' : '*lt(mod(t,1),0.1)'}`;
  // On each channel: ffmpeg would spread one over two, each 3 dB softer.
  const beep = `aevalsrc='${Array<string>(audioChannels).fill(wave).join('|')}':s=${audioRateHz}`;
  const tune = bFrames === 0 ? ['-tune', 'zerolatency'] : [];
  return [
    ...['-v', 'error', '-nostdin'],
    ...(video ? ['-re', '-f', 'lavfi', '-i', picture.join(',')] : []),
    ...(audio ? ['-re', '-f', 'lavfi', '-i', beep] : []),
    ...(video
      ? ['-c:v', 'libx264', '-preset', 'ultrafast', ...tune, '-pix_fmt', pixelFormat, '-sc_threshold', '0']
      : []),
    ...(video ? ['-g', String(group), '-bf', String(bFrames), '-b:v', bitrate] : []),
    ...(video && interlaced ? ['-flags', '+ildct+ilme'] : []),
    ...(filter === undefined ? [] : ['-fps_mode', 'vfr']),
    ...(audio ? ['-c:a', 'aac', '-b:a', '96k', '-ac', String(audioChannels)] : []),
    ...['-flush_packets', '1', '-f', 'flv', 'pipe:1'],
  ];
}

/** Publishes so; `onData` is told of the FLV before anybody gets it. */
export const publishFeed = (options: PublishOptions, onData?: (bytes: Buffer) => void): FlvFeed =>
  ffmpegFeed(publishArguments(options), onData);

/** For tests: real Redis, sfu and forward, a real ffmpeg in the place of publisher and ingest. Who starts it closes it. */
export class ForwardStack {
  readonly secret = randomUUID() + randomUUID();
  readonly sessionId = randomUUID();
  readonly admission = new Admission(2);
  sessionType: SessionType = 'video';
  redisServer!: EmbeddedRedis;
  redis!: Redis;
  relay!: FlvRelay;
  sfu!: SfuProcess;
  forward!: ForwardWorker;
  readonly #folder: string;
  readonly #closes: (() => unknown)[] = [];
  readonly #viewers: RtpViewer[] = [];
  #document: ControlDocument;
  #jobs!: JobProducer;

  /** `sfuEnv`: of the first sfu node. */
  static async start(
    publish: PublishOptions | FlvFeed = {},
    sfuEnv: NodeJS.ProcessEnv = {},
  ): Promise<ForwardStack> {
    const stack = new ForwardStack(await mkdtemp(join(tmpdir(), 'maydan-forward-')));
    try {
      await stack.#open(publish, sfuEnv);
      return stack;
    } catch (error) {
      await stack.close();
      throw error;
    }
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.#closes.push(() => rm(folder, { recursive: true, force: true }));
    this.#document = controlDocument.parse({
      sessionId: this.sessionId,
      playbackId: 'a'.repeat(20),
      desired: 'run',
      stopReason: null,
      epoch: 1,
      source: null,
      graceDeadlineAt: null,
      updatedAt: new Date(0).toISOString(),
    });
  }

  /** Writes and announces a change of the control document. */
  async control(change: Partial<ControlDocument>): Promise<void> {
    this.#document = { ...this.#document, ...change, revision: this.#document.revision + 1 };
    const text = JSON.stringify(this.#document);
    await this.redis.set(controlKey(this.sessionId), text);
    await this.redis.publish(controlKey(this.sessionId), text);
  }

  /** A publisher with this epoch is on the line. */
  async publish(epoch = 1): Promise<void> {
    const relayUrl = this.relay.urlOf(this.sessionId, epoch);
    await this.control({ epoch, rtmp: { relayUrl, epoch } });
  }

  /** Orders the job as the api does. */
  async startJob(): Promise<void> {
    const { sessionId, sessionType } = this;
    await this.#jobs.add('live.forward', { sessionId, sessionType }, { jobId: sessionId });
  }

  async jobs(): Promise<number> {
    return this.#jobs.queue('live.forward').getJobCountByTypes('active', 'waiting', 'delayed');
  }

  /** A person who watches: nobody of our own, so that they count as audience. */
  async join(): Promise<SfuClient> {
    const { redis, secret, sessionId } = this;
    const options = { redis, secret, sessionId, sessionType: 'video' as const, peerId: randomUUID(), log };
    const person = await SfuClient.join({ ...options, role: 'viewer' });
    this.#closes.push(() => person.leave());
    return person;
  }

  /** Hears every event that a viewer is told, from now on. */
  async listen(listener: (name: string, payload: unknown) => void): Promise<void> {
    const { redis, secret, sessionId } = this;
    const [node] = await listSfuNodes(redis);
    if (node === undefined) throw new Error('there is no sfu');
    const claims = { peerId: randomUUID(), sessionId, role: 'viewer', userId: null } as const;
    const mintToken = () => mintJoinToken(secret, { ...claims, displayName: '', sessionType: 'video' });
    const connection = await SfuConnection.open({ url: node.internalUrl, mintToken, log });
    this.#closes.push(() => connection.close());
    connection.deliverTo(listener);
    await connection.request('room.join', {});
  }

  /** Somebody who watches by WHEP, with a client that isn't ours (aiortc). */
  async play(): Promise<ClientProcess> {
    const { redis, secret, sessionId, sessionType } = this;
    const [node] = await listSfuNodes(redis);
    if (node === undefined) throw new Error('there is no sfu');
    const claims = { peerId: randomUUID(), sessionId, role: 'viewer', userId: null } as const;
    const token = mintJoinToken(secret, { ...claims, displayName: '', sessionType });
    const player = await startAiortcPlayer(`${node.internalUrl}/whep/${sessionId}`, token);
    this.#closes.push(() => player.kill());
    return player;
  }

  /** Another receiver of the room. Our own services need no WebRTC. */
  readonly view = async (): Promise<RtpViewer> => {
    const { redis, secret, sessionId, sessionType } = this;
    const viewer = await RtpViewer.join({
      ...{ redis, secret, sessionId, sessionType, peerId: randomUUID(), log },
    });
    this.#viewers.push(viewer);
    return viewer;
  };

  async restartRedis(): Promise<void> {
    process.kill(this.redisServer.pid, 'SIGKILL');
    await this.redisServer.exited;
    this.redisServer = await startRedis({ dir: join(this.#folder, 'redis') });
  }

  /** Whether an sfu node says that it takes no more people. */
  async isFull({ nodeId }: SfuNode): Promise<boolean> {
    return (await listSfuNodes(this.redis)).some((node) => node.nodeId === nodeId && node.load >= 0.9);
  }

  /** Another sfu node. */
  async startSfu(env: NodeJS.ProcessEnv = {}): Promise<SfuProcess> {
    const sfu = await SfuProcess.start({ redisUrl: this.redisServer.url, secret: this.secret, env });
    this.#closes.push(() => sfu.kill());
    return sfu;
  }

  /** Another worker, as after a deploy. */
  startForward(): ForwardWorker {
    const connect = (maxWaitMs: number | null): Redis => this.#connect(maxWaitMs);
    const config = { FFMPEG_PATH: ffmpegPath, INTERNAL_SECRET: this.secret };
    const control = new ControlChannel(connect(null));
    const deps = { config, redis: this.redis, control, admission: this.admission };
    const forward = new ForwardWorker({ deps, connection: connect(null), concurrency: 4, log });
    this.#closes.push(() => forward.close());
    return forward;
  }

  #connect(maxWaitMs: number | null): Redis {
    const redis = createRedis(this.redisServer.url, log, { maxWaitMs });
    this.#closes.push(() => redis.disconnect());
    return redis;
  }

  async close(): Promise<void> {
    for (const viewer of this.#viewers) await viewer.close();
    for (const close of this.#closes.reverse()) await close();
  }

  async #open(publish: PublishOptions | FlvFeed, sfuEnv: NodeJS.ProcessEnv): Promise<void> {
    await warmUpEncoder(ffmpegPath);
    this.redisServer = await startRedis({ dir: join(this.#folder, 'redis') });
    this.#closes.push(() => this.redisServer.close());
    this.redis = this.#connect(5_000);
    const feed = typeof publish === 'function' ? publish : publishFeed(publish);
    this.relay = await FlvRelay.create(this.secret, feed);
    this.#closes.push(() => this.relay.close());
    this.sfu = await this.startSfu(sfuEnv);
    this.#jobs = new JobProducer(this.#connect(null));
    this.#closes.push(() => this.#jobs.close());
    this.forward = this.startForward();
  }
}
