import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import S3rver from 's3rver';
import pg from 'pg';
import { startPostgres, startRedis, startS3 } from '../index.ts';
import type { EmbeddedS3 } from '../index.ts';
import { redisSocketPath } from './redis.ts';
import { makeStoreReliable } from './s3Store.ts';

const cleanups: (() => Promise<unknown>)[] = [];
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maydan-embedded-'));
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(dir, { recursive: true, force: true });
});

function closing<T extends { close: () => Promise<void> }>(resource: T): T {
  cleanups.push(() => resource.close());
  return resource;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('startPostgres', () => {
  it('keeps what was committed when it is killed, and starts again on the same port', async () => {
    const first = closing(await startPostgres({ dir }));
    await query(first.url, 'create table seen (n int); insert into seen values (7)');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    // A crash leaves the lock file; here it even names a process that lives: ours.
    await writeFile(join(dir, 'data', 'postmaster.pid'), `${process.pid}\n`);
    const second = closing(await startPostgres({ dir, port: first.port }));
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select n from seen')).toEqual([{ n: 7 }]);
  }, 60_000);

  it('asks for the password and listens on loopback alone', async () => {
    const { url } = closing(await startPostgres({ dir, durable: false }));
    await expect(query(url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow(/password/);
    expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  }, 60_000);
});

describe('startRedis', () => {
  it('comes back on the same socket with what was written', async () => {
    const first = closing(await startRedis({ dir }));
    const client = new Redis(first.socketPath);
    cleanups.push(async () => client.disconnect());
    await client.set('seen', '7');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = closing(await startRedis({ dir }));
    expect(second.url).toBe(first.url);
    expect(await client.get('seen')).toBe('7');
  }, 30_000);

  it('takes a short socket path where the folder has a long one', async () => {
    const long = join(dir, 'a-folder-with-a-rather-long-name'.repeat(4));
    expect(redisSocketPath(long).length).toBeLessThan(104);
    const redis = closing(await startRedis({ dir: long }));
    const client = new Redis(redis.socketPath);
    cleanups.push(async () => client.disconnect());
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
    await redis.close();
    expect(existsSync(dirname(redis.socketPath))).toBe(false);
  }, 30_000);
});

describe('startS3', () => {
  const key = 'live/p1/720p/s1-1.m4s';

  function clientOf(s3: EmbeddedS3): S3Client {
    const client = new S3Client({
      endpoint: s3.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    cleanups.push(async () => client.destroy());
    return client;
  }

  async function read(client: S3Client, bucket: string, range?: string): Promise<string> {
    const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }));
    return (await answer.Body?.transformToString()) ?? '';
  }

  it('stores objects and reads ranges of them, also after it was killed', async () => {
    const first = closing(await startS3({ dir }));
    const client = clientOf(first);
    await client.send(
      new PutObjectCommand({ Bucket: first.bucket, Key: key, Body: Buffer.from('0123456789') }),
    );
    expect(await read(client, first.bucket)).toBe('0123456789');
    expect(await read(client, first.bucket, 'bytes=0-0')).toBe('0');
    expect(await read(client, first.bucket, 'bytes=2-5')).toBe('2345');
    expect(await read(client, first.bucket, 'bytes=8-')).toBe('89');
    first.kill('SIGKILL');
    await first.exited;
    const { accessKeyId, secretAccessKey, port } = first;
    const second = closing(await startS3({ dir, accessKeyId, secretAccessKey, port }));
    expect(second.endpoint).toBe(first.endpoint);
    expect(await read(client, second.bucket)).toBe('0123456789');
  }, 60_000);

  it('refuses requests without a signature and with other credentials', async () => {
    const s3 = closing(await startS3({ dir }));
    const anonymous = await fetch(`${s3.endpoint}/${s3.bucket}/${key}`, { method: 'PUT', body: 'x' });
    expect(anonymous.status).toBe(403);
    const stranger = clientOf({ ...s3, accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' });
    await expect(stranger.send(new ListObjectsV2Command({ Bucket: s3.bucket }))).rejects.toThrow();
  }, 30_000);
});

describe('makeStoreReliable', () => {
  const object = { bucket: 'maydan', key: 'live/p1/index.m3u8', metadata: {} };

  it('keeps the old object when an upload breaks off', async () => {
    const server = new S3rver({
      directory: join(dir, 'objects'),
      address: '127.0.0.1',
      port: 0,
      silent: true,
      vhostBuckets: false,
      configureBuckets: [],
    });
    makeStoreReliable(server.store, join(dir, 'uploads'));
    await server.store.putObject({ ...object, content: Buffer.from('the old one') });
    async function* halfOfIt(): AsyncGenerator<Buffer> {
      yield Buffer.from('the new');
      throw new Error('the sender is gone');
    }
    const upload = server.store.putObject({ ...object, content: Readable.from(halfOfIt()) });
    await expect(upload).rejects.toThrow('the sender is gone');
    expect(await readFile(server.store.getResourcePath('maydan', object.key, 'object'), 'utf8')).toBe(
      'the old one',
    );
    expect(await readdir(join(dir, 'uploads'))).toEqual([]);
  });
});
