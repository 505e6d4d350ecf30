import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from './logger.ts';

export type { Redis } from 'ioredis';

/**
 * A connection that outlives restarts of the server: commands wait while it is away, at most `maxWaitMs` each,
 * and reconnects come at 50 ms to 1 s. Pass `maxWaitMs: null` for BullMQ and for blocking reads, which wait for ever.
 */
export function createRedis(
  url: string,
  logger: Logger,
  options: { maxWaitMs?: number | null; name?: string } = {},
): Redis {
  const maxWaitMs = options.maxWaitMs === undefined ? 5_000 : options.maxWaitMs;
  const redisOptions: RedisOptions = {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
    reconnectOnError: (error) => /LOADING|READONLY/.test(error.message),
    ...(maxWaitMs === null ? {} : { commandTimeout: maxWaitMs }),
    ...(options.name === undefined ? {} : { connectionName: options.name }),
  };
  const path = url.startsWith('unix://') ? url.slice('unix://'.length) : undefined;
  const redis = path === undefined ? new Redis(url, redisOptions) : new Redis({ ...redisOptions, path });
  let away = false;
  redis.on('error', (error: Error) => {
    if (!away) logger.warn({ reason: error.message }, 'redis is away');
    away = true;
  });
  redis.on('ready', () => {
    if (away) logger.info('redis is back');
    away = false;
  });
  return redis;
}

/** Members with their scores, in the order of an answer to a command `WITHSCORES`. */
export function scoresOf(answer: readonly string[]): [member: string, score: number][] {
  return Array.from({ length: answer.length / 2 }, (_, at) => [
    answer[2 * at] ?? '',
    Number(answer[2 * at + 1]),
  ]);
}
