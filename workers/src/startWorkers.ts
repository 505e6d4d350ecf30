import { statfs } from 'node:fs/promises';
import {
  announceNode,
  createRedis,
  createRegistry,
  FactWriter,
  JobProducer,
  newNodeId,
  OpsServer,
  runJobs,
  type Lifecycle,
  type Logger,
  type Redis,
} from '@maydan/common';
import type { Worker } from 'bullmq';
import type { Registry } from 'prom-client';
import type { Config } from './config.ts';
import { warmUpEncoder } from './ffmpeg/LegEncoder.ts';
import { ForwardWorker } from './forward/forward.handler.ts';
import { Admission } from './live/Admission.ts';
import { ControlChannel } from './live/ControlWatcher.ts';
import { LiveWorker } from './live/live.handler.ts';
import { Playbacks } from './live/Playbacks.ts';
import { PrivatePlaybacks } from './live/PrivatePlaybacks.ts';
import { registerForwardMetrics } from './forward/forwardMetrics.ts';
import { checkMedia, removeAbandoned, removeMedia } from './media/media.handler.ts';
import { registerWorkerMetrics } from './metrics.ts';
import { promOriginMetrics } from './origin/http/promOriginMetrics.ts';
import { OriginServer } from './origin/OriginServer.ts';
import { removeRecording } from './recording/removeRecording.ts';
import { Spool } from './recording/Spool.ts';
import { RestreamWorker } from './restream/restream.handler.ts';
import { registerRestreamMetrics } from './restream/restreamMetrics.ts';
import { Labels } from './stage/compose/Labels.ts';
import { CompositeWorker } from './stage/composite.handler.ts';
import { registerStageMetrics } from './stage/stageMetrics.ts';
import { StageRelays } from './stage/publish/StageRelays.ts';
import { ObjectStore } from './storage/ObjectStore.ts';
import { makeImages } from './vod/images.handler.ts';

/** Ports in use; those that were configured as 0 were chosen by the system. */
export interface WorkersPorts {
  readonly origin: number;
  readonly ops: number;
  readonly stageRelay: number;
}

/** What nobody wrote to for so long belongs to a session that won't come back. */
const spoolIdleMs = 7 * 24 * 3_600_000;

/**
 * Puts the workers together and starts them. The lifecycle owns every part; at shutdown live sessions are given back to
 * the queue first, and the origin serves until they are. Rejects when a port is taken.
 */
export async function startWorkers(config: Config, log: Logger, lifecycle: Lifecycle): Promise<WorkersPorts> {
  const registry = createRegistry('workers');
  warmUpEncoder(config.FFMPEG_PATH).catch((error: unknown) =>
    log.error({ err: error }, 'ffmpeg is of no use'),
  );
  const links = connect(config, log, lifecycle);
  const { redis, facts, store } = links;
  const spool = await openSpool(config, log);

  let originUrl = '';
  const playbacks = new Playbacks({ redis, store, originUrl: () => originUrl });
  const metrics = promOriginMetrics(registry);
  const { ORIGIN_HOST: host, ORIGIN_PORT: port } = config;
  const control = new ControlChannel(links.subscriber);
  const guard = new PrivatePlaybacks({ redis, secret: config.INTERNAL_SECRET, channel: control });
  lifecycle.own('private playbacks', () => guard.close());
  const origin = await OriginServer.create({ host, port, directory: playbacks, guard, metrics, log });
  lifecycle.own('origin', () => origin.close());
  originUrl = config.ORIGIN_INTERNAL_URL ?? `http://127.0.0.1:${origin.port}`;

  const admission = new Admission(config.WORKER_CPU_BUDGET);
  const workerId = newNodeId();
  const shared = { config, redis, store, spool, facts, playbacks, control, admission, workerId };
  const deps = { ...shared, originUrl: () => originUrl };
  const live = new LiveWorker({ deps, connection: links.queueRedis, log });
  lifecycle.own('live sessions', () => live.close());
  const sources = { sessions: live.sessions, admission, spool, jobs: links.jobs };
  const { jobFailed } = registerWorkerMetrics(registry, sources);
  live.onFailed(() => jobFailed('live.transcode'));
  const forward = new ForwardWorker({
    deps: { config, redis, control, admission },
    connection: links.queueRedis,
    concurrency: config.FORWARD_CONCURRENCY,
    log,
  });
  lifecycle.own('forwards', () => forward.close());
  forward.onFailed(() => jobFailed('live.forward'));
  registerForwardMetrics(registry, forward);
  const relays = await openRelays(config, log);
  lifecycle.own('stage relay', () => relays.close());
  const labels = new Labels(config.FFMPEG_PATH, log);
  const stages = new CompositeWorker({
    deps: { config, redis, facts, control, admission, relays, labels },
    connection: links.queueRedis,
    concurrency: config.STAGE_CONCURRENCY,
    log,
  });
  lifecycle.own('stages', () => stages.close());
  stages.onFailed(() => jobFailed('live.composite'));
  registerStageMetrics(registry, stages);
  const restreams = new RestreamWorker({
    deps: { config, redis, facts, control },
    connection: links.queueRedis,
    concurrency: config.RESTREAM_CONCURRENCY,
    log,
  });
  lifecycle.own('restreams', () => restreams.close());
  restreams.onFailed(() => jobFailed('live.restream'));
  registerRestreamMetrics(registry, restreams);
  const images = startImages(config, links, log, () => jobFailed('vod.images'));
  // A picture job under way is done again by another worker; it doesn't hold the process.
  lifecycle.own('image jobs', () => images.close(true));

  const removals = startRemovals(links, log, () => jobFailed('recording.remove'));
  lifecycle.own('removals', () => removals.close(true));
  const files = await startMedia(config, links, log, jobFailed);
  lifecycle.own('media jobs', () => Promise.all(files.map((worker) => worker.close(true))));

  const ops = await startOps(config, redis, registry);
  lifecycle.own('ops', () => ops.close());
  const node = announceNode({
    ...{ redis, service: 'workers', nodeId: workerId, logger: log },
    describe: async () => ({
      load: admission.usedCores / admission.budgetCores,
      work: {
        liveSessions: live.sessions.all.length,
        forwards: forward.sessions.length,
        stages: stages.sessions.length,
      },
      sessions: live.sessions.all.map(({ sessionId }) => sessionId),
      disk: await diskOf(spool.dir),
    }),
  });
  lifecycle.own('node', () => node.close());
  return { origin: origin.port, ops: ops.port, stageRelay: relays.port };
}

async function diskOf(folder: string): Promise<{ freeBytes: number; totalBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** What the process is connected to. */
interface Links {
  readonly redis: Redis;
  /** For BullMQ, whose commands wait for Redis however long it is away. */
  readonly queueRedis: Redis;
  readonly subscriber: Redis;
  readonly facts: FactWriter;
  readonly jobs: JobProducer;
  readonly store: ObjectStore;
}

function connect(config: Config, log: Logger, lifecycle: Lifecycle): Links {
  const redis = createRedis(config.REDIS_URL, log, { name: 'workers' });
  lifecycle.own('redis', () => redis.disconnect());
  const queueRedis = createRedis(config.REDIS_URL, log, { maxWaitMs: null, name: 'workers-queue' });
  lifecycle.own('queue connection', () => queueRedis.disconnect());
  const subscriber = createRedis(config.REDIS_URL, log, { maxWaitMs: null, name: 'workers-control' });
  lifecycle.own('control connection', () => subscriber.disconnect());
  const facts = new FactWriter(redis, log);
  lifecycle.own('facts', () => facts.close());
  const jobs = new JobProducer(queueRedis);
  lifecycle.own('job producer', () => jobs.close());
  const store = storeOf(config);
  lifecycle.own('storage', () => store.close());
  return { redis, queueRedis, subscriber, facts, jobs, store };
}

function openRelays(config: Config, log: Logger): Promise<StageRelays> {
  return StageRelays.create({
    host: config.STAGE_RELAY_HOST,
    port: config.STAGE_RELAY_PORT,
    url: config.STAGE_RELAY_INTERNAL_URL ?? null,
    internalSecret: config.INTERNAL_SECRET,
    log,
  });
}

async function openSpool(config: Config, log: Logger): Promise<Spool> {
  const spool = await Spool.create(config.SPOOL_DIR, config.SPOOL_MAX_BYTES);
  for (const playbackId of await spool.idle(spoolIdleMs)) {
    log.warn({ playbackId }, 'spool of a session that never came back removed');
    await spool.remove(playbackId);
  }
  return spool;
}

function startImages(
  { FFMPEG_PATH: ffmpegPath, VOD_CONCURRENCY: concurrency }: Config,
  { store, facts, queueRedis }: Links,
  log: Logger,
  onFailed: () => void,
): Worker {
  const images = runJobs(
    'vod.images',
    (data, { logger }) => makeImages(data, { store, facts, ffmpegPath }, logger),
    { connection: queueRedis, logger: log, concurrency },
  );
  images.on('failed', (job, error) => {
    onFailed();
    log.warn({ err: error, jobId: job?.id }, 'images not made');
  });
  return images;
}

/** Recordings of deleted accounts go; a removal under way is done again by another worker. */
function startRemovals(
  { store, redis, facts, queueRedis }: Links,
  log: Logger,
  onFailed: () => void,
): Worker {
  const removals = runJobs(
    'recording.remove',
    (data, { logger }) => removeRecording(data, { store, redis, facts }, logger),
    { connection: queueRedis, logger: log },
  );
  removals.on('failed', (job, error) => {
    onFailed();
    log.warn({ err: error, jobId: job?.id }, 'a recording was not removed');
  });
  return removals;
}

/** Jobs about uploaded files; like those of pictures they are done again by another worker. */
async function startMedia(
  {
    FFMPEG_PATH: ffmpegPath,
    FFPROBE_PATH: ffprobePath,
    MEDIA_CONCURRENCY: concurrency,
    SPOOL_DIR: folder,
  }: Config,
  { store, facts, queueRedis: connection }: Links,
  log: Logger,
  onFailed: (name: 'media.check' | 'media.remove') => void,
): Promise<Worker[]> {
  await removeAbandoned(folder);
  const deps = { store, facts, ffmpegPath, ffprobePath, folder };
  // What a killed worker had begun is begun again soon.
  const stall = { lockDuration: 15_000, stalledInterval: 10_000 };
  const options = { connection, logger: log, concurrency, ...stall };
  const check = runJobs('media.check', (data, context) => checkMedia(data, deps, context), options);
  const remove = runJobs('media.remove', (data) => removeMedia(data, deps), options);
  for (const [name, worker] of [
    ['media.check', check],
    ['media.remove', remove],
  ] as const) {
    worker.on('failed', (job, error) => {
      onFailed(name);
      log.warn({ err: error, jobId: job?.id, job: name }, 'a job about a file failed');
    });
  }
  return [check, remove];
}

function startOps(config: Config, redis: Redis, registry: Registry): Promise<OpsServer> {
  const pingRedis = async (): Promise<void> => void (await redis.ping());
  return OpsServer.create({
    service: 'workers',
    host: config.OPS_HOST,
    port: config.OPS_PORT,
    // Without its storage a worker is still of use: live sessions go on, and their recordings wait.
    checks: { ready: { redis: pingRedis }, db: { redis: pingRedis } },
    registry,
  });
}

function storeOf(config: Config): ObjectStore {
  return new ObjectStore({
    endpoint: config.S3_ENDPOINT,
    region: config.S3_REGION,
    accessKeyId: config.S3_ACCESS_KEY_ID,
    secretAccessKey: config.S3_SECRET_ACCESS_KEY,
    bucket: config.S3_BUCKET,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
  });
}
