import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startS3, waitUntil, type EmbeddedS3 } from '@maydan/infra';
import { ObjectStore } from './ObjectStore.ts';
import { StorageError } from './storageError.ts';

describe('ObjectStore against a real S3 server', () => {
  let folder: string;
  let server: EmbeddedS3;
  let store: ObjectStore;
  const options = () => ({
    endpoint: server.endpoint,
    region: 'us-east-1',
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    bucket: server.bucket,
    forcePathStyle: true,
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-store-'));
    server = await startS3({ dir: folder });
    store = new ObjectStore(options());
  }, 40_000);
  afterAll(async () => {
    store?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('gives back exactly the bytes that were put, whole and in ranges', async () => {
    const body = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    await store.put('live/a/720p/s1-1.m4s', body);
    expect(await store.size('live/a/720p/s1-1.m4s')).toBe(100_000);
    expect((await store.read('live/a/720p/s1-1.m4s'))?.equals(body)).toBe(true);
    const part = await store.open('live/a/720p/s1-1.m4s', { start: 500, end: 999 });
    expect(part).toMatchObject({ contentLength: 500, size: 100_000 });
    part?.body.destroy();
    const tail = await store.read('live/a/720p/s1-1.m4s', { start: 99_990 });
    expect(tail?.equals(body.subarray(99_990))).toBe(true);
  });

  it('tells a missing object from a range past the end', async () => {
    await store.put('live/a/x.jpg', Buffer.from('abc'));
    expect(await store.open('live/a/none.jpg')).toBeNull();
    expect(await store.size('live/a/none.jpg')).toBeNull();
    await expect(store.open('live/a/x.jpg', { start: 3 })).rejects.toBeInstanceOf(RangeError);
  });

  it('lists and removes one folder only', async () => {
    for (const key of ['live/b/1', 'live/b/2', 'live/bb/1']) await store.put(key, Buffer.from(key));
    const listed: string[] = [];
    for await (const { key } of store.list('live/b/')) listed.push(key);
    expect(listed).toEqual(['live/b/1', 'live/b/2']);
    expect(await store.removePrefix('live/b/')).toBe(2);
    expect(await store.size('live/b/1')).toBeNull();
    expect(await store.size('live/bb/1')).toBe(9);
    await expect(store.removePrefix('')).rejects.toBeInstanceOf(StorageError);
  });

  it('makes a missing bucket when something is put', async () => {
    const other = new ObjectStore({ ...options(), bucket: 'made-by-us' });
    expect(await other.open('x')).toBeNull();
    expect(await other.size('x')).toBeNull();
    await other.put('x', Buffer.from('y'));
    expect(await other.size('x')).toBe(1);
    other.close();
  });

  it('is refused at once with a wrong key, and says so', async () => {
    const wrong = new ObjectStore({ ...options(), accessKeyId: 'notTheKey' });
    await expect(wrong.put('live/a/y', Buffer.from('y'))).rejects.toMatchObject({ trouble: 'refused' });
    wrong.close();
  });

  it('outlasts a short pause of the server and fails in a bounded time when it is gone', async () => {
    server.kill('SIGSTOP');
    const put = store.put('live/a/late', Buffer.from('late'));
    setTimeout(() => server.kill('SIGCONT'), 500);
    await put;
    expect(await store.size('live/a/late')).toBe(4);
    server.kill('SIGKILL');
    await server.exited;
    await expect(store.put('live/a/gone', Buffer.from('x'))).rejects.toMatchObject({
      trouble: 'unavailable',
    });
    const port = server.port;
    server = await startS3({
      dir: folder,
      port,
      accessKeyId: server.accessKeyId,
      secretAccessKey: server.secretAccessKey,
    });
    await waitUntil('the storage', () => store.check().then(() => true), 30_000);
    expect(await store.size('live/a/late')).toBe(4);
  }, 90_000);
});
