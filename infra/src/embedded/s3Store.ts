import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Store, StoredObject } from 's3rver';

/**
 * s3rver answers a PUT before the file is written, writes in place, and reads `bytes=0-0` as the whole object. The
 * recording relies on the opposite: an object that was answered for is complete, also after a crash of the server,
 * and a reader sees the old bytes or the new ones.
 * @param spoolDir Folder on the same file system for uploads under way; not inside the store.
 */
export function makeStoreReliable(store: Store, spoolDir: string): void {
  store.putObject = (object) => putObject(store, spoolDir, object);
  const getWhole = store.getObject.bind(store);
  store.getObject = async (bucket, key, options) =>
    options?.end === 0 && (options.start ?? 0) === 0
      ? getFirstByte(store, bucket, key, getWhole)
      : getWhole(bucket, key, options);
}

async function putObject(
  store: Store,
  spoolDir: string,
  object: StoredObject,
): Promise<{ size: number; md5: string }> {
  const path = store.getResourcePath(object.bucket, object.key, 'object');
  const upload = join(spoolDir, randomUUID());
  await mkdir(dirname(path), { recursive: true });
  await mkdir(spoolDir, { recursive: true });
  // Opened first: a file that is still being opened when the upload breaks off would come to be after its removal.
  const file = await open(upload, 'w');
  const hash = createHash('md5');
  let size = 0;
  try {
    await pipeline(
      Buffer.isBuffer(object.content) ? Readable.from([object.content]) : object.content,
      async function* (chunks: AsyncIterable<Buffer | string>) {
        for await (const piece of chunks) {
          const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
          hash.update(chunk);
          size += chunk.length;
          yield chunk;
        }
      },
      file.createWriteStream(),
    );
    const md5 = hash.digest('hex');
    await store.putMetadata(object.bucket, object.key, object.metadata, md5);
    await rename(upload, path);
    return { size, md5 };
  } catch (error) {
    await rm(upload, { force: true });
    throw error;
  }
}

async function getFirstByte(
  store: Store,
  bucket: string,
  key: string,
  getObject: Store['getObject'],
): Promise<object | null> {
  const object = await getObject(bucket, key, { start: 0, end: 1 });
  if (object === null || !('content' in object) || !(object.content instanceof Readable)) return object;
  object.content.destroy();
  const path = store.getResourcePath(bucket, key, 'object');
  return Object.assign(object, {
    content: createReadStream(path, { start: 0, end: 0 }),
    range: { start: 0, end: 0 },
  });
}
