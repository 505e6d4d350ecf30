import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  createRedis,
  createRegistry,
  FactWriter,
  JobProducer,
  OpsServer,
  runJobs,
  type Lifecycle,
  type Logger,
} from '@maydan/common';
import type { Config } from './config.ts';
import { warmUpEncoder } from './ffmpeg/LegEncoder.ts';
import { Admission } from './live/Admission.ts';
import { ControlChannel } from './live/ControlWatcher.ts';
import { LiveWorker } from './live/live.handler.ts';
import { Playbacks } from './live/Playbacks.ts';
import { registerWorkerMetrics } from './metrics.ts';
import { promOriginMetrics } from './origin/http/promOriginMetrics.ts';
import { OriginServer } from './origin/OriginServer.ts';
import { Spool } from './recording/Spool.ts';
import { ObjectStore } from './storage/ObjectStore.ts';
import { makeImages } from './vod/images.handler.ts';

/** Ports in use; those that were configured as 0 were chosen by the system. */
export interface WorkersPorts {
  readonly origin: number;
  readonly ops: number;
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
  const spool = await Spool.create(config.SPOOL_DIR, config.SPOOL_MAX_BYTES);
  for (const playbackId of await spool.idle(spoolIdleMs)) {
    log.warn({ playbackId }, 'spool of a session that never came back removed');
    await spool.remove(playbackId);
  }

  let originUrl = '';
  const playbacks = new Playbacks({ redis, store, originUrl: () => originUrl });
  const metrics = promOriginMetrics(registry);
  const { ORIGIN_HOST: host, ORIGIN_PORT: port } = config;
  const origin = await OriginServer.create({ host, port, directory: playbacks, metrics, log });
  lifecycle.own('origin', () => origin.close());
  originUrl = config.ORIGIN_INTERNAL_URL ?? `http://127.0.0.1:${origin.port}`;

  const control = new ControlChannel(subscriber);
  const admission = new Admission(config.WORKER_CPU_BUDGET);
  const workerId = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const shared = { config, redis, store, spool, facts, playbacks, control, admission, workerId };
  const deps = { ...shared, originUrl: () => originUrl };
  const live = new LiveWorker({ deps, connection: queueRedis, log });
  lifecycle.own('live sessions', () => live.close());
  const { jobFailed } = registerWorkerMetrics(registry, { sessions: live.sessions, admission, spool, jobs });
  live.onFailed(() => jobFailed('live.transcode'));
  const images = runJobs(
    'vod.images',
    (data, { logger }) => makeImages(data, { store, facts, ffmpegPath: config.FFMPEG_PATH }, logger),
    { connection: queueRedis, logger: log, concurrency: config.VOD_CONCURRENCY },
  );
  images.on('failed', (job, error) => {
    jobFailed('vod.images');
    log.warn({ err: error, jobId: job?.id }, 'images not made');
  });
  // A picture job under way is done again by another worker; it doesn't hold the process.
  lifecycle.own('image jobs', () => images.close(true));

  const pingRedis = async (): Promise<void> => void (await redis.ping());
  const ops = await OpsServer.create({
    service: 'workers',
    host: config.OPS_HOST,
    port: config.OPS_PORT,
    // Without its storage a worker is still of use: live sessions go on, and their recordings wait.
    checks: { ready: { redis: pingRedis }, db: { redis: pingRedis } },
    registry,
  });
  lifecycle.own('ops', () => ops.close());
  return { origin: origin.port, ops: ops.port };
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
