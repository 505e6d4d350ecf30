import { createRedis, createRegistry, OpsServer } from '@maydan/common';
import type { Lifecycle, Logger } from '@maydan/common';
import type { SfuConfig } from './config.ts';
import { registerMetrics } from './metrics.ts';
import { WorkerPool } from './WorkerPool.ts';

export interface RunningSfu {
  pool: WorkerPool;
  opsPort: number;
}

/** Starts the Workers and the ops server; everything is closed by the lifecycle. */
export async function startSfu(config: SfuConfig, logger: Logger, lifecycle: Lifecycle): Promise<RunningSfu> {
  const redis = createRedis(config.REDIS_URL, logger, { name: 'sfu' });
  lifecycle.own('redis', () => redis.disconnect());
  const pool = await WorkerPool.create({
    size: config.SFU_WORKERS,
    settings: { workerBin: config.MEDIASOUP_WORKER_BIN, logLevel: 'warn' },
    logger,
  });
  lifecycle.own('workers', () => pool.close());
  const registry = createRegistry('sfu');
  registerMetrics(registry, pool);
  const pingRedis = async (): Promise<void> => {
    await redis.ping();
  };
  const ops = await OpsServer.create({
    service: 'sfu',
    host: config.OPS_HOST,
    port: config.OPS_PORT,
    checks: { ready: { workers: () => pool.check(), redis: pingRedis }, db: { redis: pingRedis } },
    registry,
  });
  lifecycle.own('ops server', () => ops.close());
  return { pool, opsPort: ops.port };
}
