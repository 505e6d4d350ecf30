export { startPostgres } from './embedded/postgres.ts';
export type { EmbeddedPostgres, PostgresOptions } from './embedded/postgres.ts';
export { startRedis } from './embedded/redis.ts';
export type { EmbeddedRedis, RedisOptions } from './embedded/redis.ts';
export { startS3 } from './embedded/s3.ts';
export type { EmbeddedS3, S3Options } from './embedded/s3.ts';
export { freePort, isPortFree } from './embedded/freePort.ts';
export { waitUntil } from './process/waitUntil.ts';
