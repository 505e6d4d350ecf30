import { startPostgres } from '../embedded/postgres.ts';
import { startRedis } from '../embedded/redis.ts';
import { startS3 } from '../embedded/s3.ts';
import { SetupError } from '../setup/SetupError.ts';
import type { DataFolder, Secrets } from './dataFolder.ts';
import type { S3Access } from './environments.ts';
import { Part } from './Part.ts';

/** A server the services need: one of the person's own (`part` is null), or an embedded one. */
export interface Backing<T> {
  part: Part | null;
  /** Known once the part runs. */
  access: () => T;
}

type Log = (line: string) => void;

export function postgresBacking(env: NodeJS.ProcessEnv, data: DataFolder, log: Log): Backing<string> {
  const given = env['DATABASE_URL'] ?? '';
  if (given !== '') return { part: null, access: () => given };
  let url = '';
  let port: number | undefined;
  const part = new Part({
    name: 'postgres',
    start: async () => {
      // The port of the first start is kept, so that clients find it again.
      const server = await startPostgres({ dir: data.path('postgres'), port, log });
      ({ url, port } = server);
      return server;
    },
  });
  return { part, access: () => url };
}

export function redisBacking(env: NodeJS.ProcessEnv, data: DataFolder, log: Log): Backing<string> {
  const given = env['REDIS_URL'] ?? '';
  if (given !== '') return { part: null, access: () => given };
  let url = '';
  const part = new Part({
    name: 'redis',
    start: async () => {
      const server = await startRedis({ dir: data.path('redis'), log });
      url = server.url;
      return server;
    },
  });
  return { part, access: () => url };
}

/** @throws SetupError when an own server is named without its credentials. */
export function s3Backing(
  env: NodeJS.ProcessEnv,
  data: DataFolder,
  secrets: Secrets,
  log: Log,
): Backing<S3Access> {
  const bucket = env['S3_BUCKET'] || 'maydan';
  const endpoint = env['S3_ENDPOINT'] ?? '';
  if (endpoint !== '') {
    const accessKeyId = env['S3_ACCESS_KEY_ID'] ?? '';
    const secretAccessKey = env['S3_SECRET_ACCESS_KEY'] ?? '';
    if (accessKeyId === '' || secretAccessKey === '') {
      throw new SetupError('S3_ENDPOINT is set: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY as well.');
    }
    return { part: null, access: () => ({ endpoint, accessKeyId, secretAccessKey, bucket }) };
  }
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = secrets;
  let port: number | undefined;
  const part = new Part({
    name: 's3',
    start: async () => {
      const server = await startS3({ dir: data.path('s3'), port, bucket, accessKeyId, secretAccessKey, log });
      ({ port } = server);
      return server;
    },
  });
  return {
    part,
    access: () => ({ endpoint: `http://127.0.0.1:${port}`, accessKeyId, secretAccessKey, bucket }),
  };
}
