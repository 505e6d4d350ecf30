import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  factStream,
  media as mediaSchema,
  type Fact,
  type Media,
  type MediaCreate,
  type MediaOutcome,
} from '@maydan/contracts';
import { startS3, waitUntil, type EmbeddedS3 } from '@maydan/infra';
import { Queue } from 'bullmq';
import { MediaStore } from '../storage/MediaStore.ts';
import type { Account, TestApi } from './TestApi.ts';
import type { TestBackend } from './TestBackend.ts';

/** What is uploaded unless a test says otherwise. */
export const uploadBytes = Buffer.from('the bytes of a picture');
export const picture: MediaCreate = {
  purpose: 'message',
  type: 'image/png',
  byteLength: uploadBytes.length,
  name: 'a.png',
};
export const readyOutcome: MediaOutcome = {
  result: 'ready',
  ...{ type: 'image/webp', byteLength: 7, width: 4, height: 3, durationMs: null },
  ...{ mainFile: 'main.webp', hasThumbnail: true, hasPoster: false },
};

/** A real S3 server beside a TestBackend, and files in it: the test stands in the place of the workers. */
export class TestMedia {
  readonly #backend: TestBackend;
  readonly #s3: EmbeddedS3;
  readonly #folder: string;
  readonly #queues = new Map<string, Queue>();

  static async start(backend: TestBackend): Promise<TestMedia> {
    const folder = await mkdtemp(join(tmpdir(), 'maydan-api-media-'));
    return new TestMedia(backend, await startS3({ dir: folder }), folder);
  }

  private constructor(backend: TestBackend, s3: EmbeddedS3, folder: string) {
    this.#backend = backend;
    this.#s3 = s3;
    this.#folder = folder;
  }

  get bucket(): string {
    return this.#s3.bucket;
  }

  /** For `startApi`. */
  get environment() {
    const { endpoint, accessKeyId, secretAccessKey } = this.#s3;
    return { S3_ENDPOINT: endpoint, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey };
  }

  openStore(): MediaStore {
    return new MediaStore({
      ...this.environment,
      ...{ S3_REGION: 'us-east-1', S3_BUCKET: this.bucket, S3_FORCE_PATH_STYLE: true },
      S3_PUBLIC_URL: undefined,
    });
  }

  /** The storage says nothing more, and takes no connections, until it is resumed. */
  pause(): void {
    this.#s3.kill('SIGSTOP');
  }

  resume(): void {
    this.#s3.kill('SIGCONT');
  }

  queue(name: string): Queue {
    const known =
      this.#queues.get(name) ?? new Queue(name, { connection: this.#backend.redis, prefix: 'maydan:queue' });
    this.#queues.set(name, known);
    return known;
  }

  /** Announces a file and sends it as a browser would. */
  async upload(api: TestApi, account: Account, change: Partial<MediaCreate> = {}): Promise<Media> {
    const { media, upload: to } = await account.client.media.create({ ...picture, ...change });
    const init = { method: to.method, headers: to.headers, body: uploadBytes };
    const sent = await fetch(api.url + to.url, init);
    if (sent.status !== 200) throw new Error(`the upload was answered ${sent.status}`);
    return account.client.media.complete({ id: media.id });
  }

  /** What a worker would say. */
  async tell(fact: Fact): Promise<void> {
    await this.#backend.redis.xadd(factStream, '*', 'fact', JSON.stringify(fact));
  }

  checked(mediaId: string, outcome: MediaOutcome = readyOutcome): Promise<void> {
    return this.tell({ type: 'media.checked', at: new Date().toISOString(), mediaId, outcome });
  }

  async until(account: Account, id: string, state: Media['state']): Promise<Media> {
    let found: Media | undefined;
    const look = async (): Promise<boolean> => {
      found = await account.client.media.get({ id });
      return found.state === state;
    };
    await waitUntil(`the file being ${state}`, look, 60_000);
    return mediaSchema.parse(found);
  }

  /** Puts what a worker would have made (`content`) into the storage, and says so. */
  async ready(api: TestApi, account: Account, change: Partial<MediaCreate> = {}): Promise<Media> {
    const { id } = await this.upload(api, account, change);
    const store = this.openStore();
    const file = { type: 'image/webp', byteLength: 7 };
    for (const name of ['main.webp', 'thumbnail.webp']) {
      await store.put(`media/${id}/${name}`, Readable.from([Buffer.from('content')]), file);
    }
    await this.checked(id);
    return this.until(account, id, 'ready');
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
    await this.#s3.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
