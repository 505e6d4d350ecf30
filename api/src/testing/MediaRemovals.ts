import { mediaKeys, type MediaRemoval } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import type { Job } from 'bullmq';
import type { TestBackend } from './TestBackend.ts';
import type { TestMedia } from './TestMedia.ts';

/** For tests: what becomes of files that go, with the test in the place of the worker. */
export class MediaRemovals {
  readonly #backend: TestBackend;
  readonly #files: TestMedia;

  constructor(backend: TestBackend, files: TestMedia) {
    this.#backend = backend;
    this.#files = files;
  }

  /** Lets time pass for a file. */
  async age(id: string, hours: number): Promise<void> {
    await this.#backend.database
      .$executeRaw`UPDATE "Media" SET "stateChangedAt" = "stateChangedAt" - make_interval(hours => ${hours}::int),
      "uploadExpiresAt" = "uploadExpiresAt" - make_interval(hours => ${hours}::int) WHERE "id" = ${id}::uuid`;
  }

  /** The order to remove something, while it is there. */
  orderOf(id: string, what: MediaRemoval): Promise<Job | undefined> {
    return this.#files.queue('mediaRemoval').getJob(`${what}-${id}`);
  }

  /** 1 while there is a row of the file. */
  rows(id: string): Promise<number> {
    return this.#backend.database.media.count({ where: { id } });
  }

  /** Bytes of upload, file and thumbnail; null of what isn't stored. */
  sizes(id: string): Promise<(number | null)[]> {
    const store = this.#files.openStore();
    return Promise.all(keysOf(id).map((key) => store.size(key)));
  }

  /** Does what a worker would, when it is asked to. */
  async carryOut(id: string, what: MediaRemoval): Promise<void> {
    const isOrdered = async (): Promise<boolean> => (await this.orderOf(id, what)) !== undefined;
    await waitUntil(`the removal ${what}`, isOrdered, 60_000);
    for (const key of keysOf(id)) await this.#files.openStore().remove(key);
    await (await this.orderOf(id, what))?.remove();
    await this.#files.tell({ type: 'media.removed', at: new Date().toISOString(), mediaId: id, what });
  }

  /** The check has ended, the time for the upload is over, and the sweep comes by until the row is gone. */
  async untilGone(id: string): Promise<void> {
    await this.#files.queue('media').remove(id);
    await this.age(id, 1);
    await this.carryOut(id, 'last');
    await waitUntil('the row to go', async () => (await this.rows(id)) === 0, 60_000);
  }
}

const keysOf = (id: string): string[] => [
  mediaKeys.upload(id),
  `media/${id}/main.webp`,
  `media/${id}/thumbnail.webp`,
];
