import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { backOffMs, pause } from './backOff.ts';
import { contentTypeOf } from './contentType.ts';
import { isBeyondEnd, isBucketMissing, isMissing, StorageError, toStorageError } from './storageError.ts';

export interface ObjectStoreOptions {
  /** Absent: Amazon's own address of the region. */
  readonly endpoint?: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
  readonly forcePathStyle: boolean;
  /** Tries of each call before it fails. */
  readonly tries?: number;
  /** How long one try may take. */
  readonly tryTimeoutMs?: number;
}

export interface StoredObject {
  readonly key: string;
  readonly byteLength: number;
}

export interface OpenedObject {
  /** Bytes in `body`. */
  readonly contentLength: number;
  /** Bytes of the whole object. */
  readonly size: number;
  readonly body: Readable;
}

const connectTimeoutMs = 2_000;

/**
 * The one door to the S3-protocol storage. Each call is tried a few times with back-off and a time limit per try,
 * then rejects with a StorageError; calls whose outage lasts longer are repeated by their caller.
 */
export class ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #tries: number;
  readonly #tryTimeoutMs: number;

  constructor(options: ObjectStoreOptions) {
    this.#bucket = options.bucket;
    this.#tries = options.tries ?? 3;
    this.#tryTimeoutMs = options.tryTimeoutMs ?? 15_000;
    this.#client = new S3Client({
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      region: options.region,
      credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
      forcePathStyle: options.forcePathStyle,
      // Retries are ours, so that they are bounded in time; the checksum framing isn't understood by every server.
      maxAttempts: 1,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: this.#tryTimeoutMs },
    });
  }

  /** Rejects unless the bucket can be reached; one try, for health checks. */
  async check(): Promise<void> {
    await this.#once((abortSignal) =>
      this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }), { abortSignal }),
    );
  }

  /**
   * Stores an object and resolves only when the storage is known to hold exactly these bytes: by the MD5 it answers
   * with, or, where its tag is something else (encrypted buckets), by the length it tells when asked.
   */
  async put(key: string, body: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<void> {
    const md5 = createHash('md5').update(body).digest();
    await this.#put(key, { md5, byteLength: body.byteLength, open: () => body }, options.signal);
  }

  /** As `put`, with the bytes of a file, which is not held in memory. It must not change meanwhile. */
  async putFile(key: string, path: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    const hash = createHash('md5');
    let byteLength = 0;
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk as Buffer);
      byteLength += (chunk as Buffer).byteLength;
    }
    await this.#put(
      key,
      { md5: hash.digest(), byteLength, open: () => createReadStream(path) },
      options.signal,
    );
  }

  async #put(
    key: string,
    body: { md5: Buffer; byteLength: number; open: () => Uint8Array | Readable },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { md5 } = body;
    await this.#try(async (abortSignal) => {
      const stored = await this.#putInBucket(
        () =>
          new PutObjectCommand({
            ...{ Bucket: this.#bucket, Key: key, Body: body.open(), ContentType: contentTypeOf(key) },
            ContentLength: body.byteLength,
            ContentMD5: md5.toString('base64'),
          }),
        abortSignal,
      );
      if (stored.ETag?.replaceAll('"', '') === md5.toString('hex')) return;
      const head = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), {
        abortSignal,
      });
      if (head.ContentLength === body.byteLength) return;
      throw new StorageError(
        'corrupted',
        `The storage holds ${head.ContentLength} of ${body.byteLength} bytes.`,
      );
    }, signal);
  }

  /**
   * Opens an object or a part of it (both ends included). Null when there is none; a RangeError when the range begins
   * past its end. The caller consumes or destroys the body.
   */
  async open(key: string, range?: { start: number; end?: number }): Promise<OpenedObject | null> {
    const Range = range === undefined ? undefined : `bytes=${range.start}-${range.end ?? ''}`;
    return this.#try(async (abortSignal) => {
      try {
        const answer = await this.#client.send(
          new GetObjectCommand({ Bucket: this.#bucket, Key: key, ...(Range === undefined ? {} : { Range }) }),
          { abortSignal },
        );
        if (!(answer.Body instanceof Readable))
          throw new StorageError('corrupted', 'The storage sent no body.');
        const contentLength = answer.ContentLength ?? 0;
        const size = Number(answer.ContentRange?.split('/')[1] ?? contentLength);
        return { contentLength, size, body: answer.Body };
      } catch (error) {
        if (isMissing(error)) return null;
        if (isBeyondEnd(error)) throw new RangeError(`${key} has no byte ${range?.start}`, { cause: error });
        throw error;
      }
    });
  }

  /** All bytes of an object (or of a part); null when there is none. */
  async read(key: string, range?: { start: number; end?: number }): Promise<Buffer | null> {
    return this.#try(async () => {
      const opened = await this.open(key, range);
      if (opened === null) return null;
      const chunks: Buffer[] = [];
      for await (const chunk of opened.body) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks, opened.contentLength);
    });
  }

  /** Length in bytes, null when there is no such object. */
  async size(key: string): Promise<number | null> {
    return this.#try(async (abortSignal) => {
      try {
        const head = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), {
          abortSignal,
        });
        return head.ContentLength ?? 0;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    });
  }

  /** Objects whose keys begin with the prefix, in order of their keys. */
  async *list(prefix: string): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    do {
      const page = await this.#try((abortSignal) =>
        this.#client.send(
          new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token }),
          { abortSignal },
        ),
      );
      for (const { Key, Size } of page.Contents ?? []) {
        if (Key !== undefined) yield { key: Key, byteLength: Size ?? 0 };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** Removes everything below a prefix; returns how many objects that were. The prefix must end with a slash. */
  async removePrefix(prefix: string): Promise<number> {
    if (!/^[^/].*\/$/.test(prefix)) throw new StorageError('refused', `"${prefix}" is not a folder.`);
    const keys: string[] = [];
    for await (const { key } of this.list(prefix)) keys.push(key);
    for (let from = 0; from < keys.length; from += 1_000) {
      const Objects = keys.slice(from, from + 1_000).map((Key) => ({ Key }));
      await this.#try((abortSignal) =>
        this.#client.send(
          new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }),
          {
            abortSignal,
          },
        ),
      );
    }
    return keys.length;
  }

  close(): void {
    this.#client.destroy();
  }

  /** The first object of an installation finds no bucket. */
  async #putInBucket(request: () => PutObjectCommand, abortSignal: AbortSignal) {
    try {
      return await this.#client.send(request(), { abortSignal });
    } catch (error) {
      if (!isBucketMissing(error)) throw error;
      await this.#client.send(new CreateBucketCommand({ Bucket: this.#bucket }), { abortSignal });
      return await this.#client.send(request(), { abortSignal });
    }
  }

  async #try<T>(call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(call, signal);
      } catch (error) {
        const final =
          error instanceof RangeError || (error instanceof StorageError && error.trouble === 'refused');
        if (final || attempt >= this.#tries || signal?.aborted === true) throw error;
        await pause(backOffMs(attempt, { firstMs: 200, maxMs: 2_000 }), signal);
      }
    }
  }

  async #once<T>(call: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const timeout = AbortSignal.timeout(this.#tryTimeoutMs);
    try {
      return await call(signal === undefined ? timeout : AbortSignal.any([signal, timeout]));
    } catch (error) {
      if (error instanceof RangeError) throw error;
      throw toStorageError(error);
    }
  }
}
