import { playbackKeys } from '@maydan/contracts';
import type { ByteRange, OlderMedia, OpenedMedia } from '../origin/OlderMedia.ts';
import type { ObjectStore } from '../storage/ObjectStore.ts';
import type { SpoolFiles } from './SpoolFiles.ts';

/** A file of a playback: one folder at most, no dots before a name, nothing that could leave the playback. */
const filePath = /^(?:[a-z0-9]{1,16}\/)?[a-z0-9][a-z0-9.-]{0,80}$/;

/** Media of one playback that is not in memory: from the spool while it is there, else from the storage. */
export class StoredMedia implements OlderMedia {
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #files: SpoolFiles | null;

  /** `files`: null when this process has no spool of the playback. */
  constructor(store: ObjectStore, playbackId: string, files: SpoolFiles | null) {
    this.#store = store;
    this.#prefix = playbackKeys.s3Prefix(playbackId);
    this.#files = files;
  }

  async open(path: string, range?: ByteRange): Promise<OpenedMedia | null> {
    if (!filePath.test(path) || path.includes('..')) return null;
    const here = await this.#files?.open(path, range);
    if (here) return here;
    const stored = await this.#store.open(this.#prefix + path, range);
    if (stored === null) return null;
    const { body, contentLength, size } = stored;
    if (range === undefined) return { body, contentLength };
    return { body, contentLength, range: { start: range.start, end: range.start + contentLength - 1, size } };
  }
}
