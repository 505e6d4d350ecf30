import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ByteRange, OpenedMedia } from '../origin/OlderMedia.ts';
import type { Spool } from './Spool.ts';

/** Where a media file is: on disk, in memory because the disk didn't take it, or nowhere because neither did. */
export type FilePlace = 'disk' | 'memory' | 'lost';

interface GrowingFile {
  place: FilePlace;
  /** All bytes so far; needed until the file is complete on disk, should the disk refuse the rest. */
  chunks: Uint8Array[];
  byteLength: number;
  /** Bytes counted in the spool's share of the disk. */
  reserved: number;
  handle: FileHandle | null;
  unsynced: boolean;
}

/**
 * Media files of one playback, by their path relative to it. A file grows by `append` and is complete after `finish`.
 * Trouble with the disk never rejects: the file then lives in memory as long as there is room.
 */
export class SpoolFiles {
  readonly #spool: Spool;
  readonly #root: string;
  readonly #growing = new Map<string, GrowingFile>();
  readonly #inMemory = new Map<string, Buffer>();
  #trouble: string | null = null;

  /** `root`: folder of the files, made when needed. */
  constructor(spool: Spool, root: string) {
    this.#spool = spool;
    this.#root = root;
  }

  /** What the disk last refused with; null while it takes what it is given. */
  get trouble(): string | null {
    return this.#trouble;
  }

  async append(path: string, bytes: Uint8Array): Promise<void> {
    const file = this.#growing.get(path) ?? newFile();
    this.#growing.set(path, file);
    file.byteLength += bytes.byteLength;
    if (file.place === 'lost') return;
    file.chunks.push(bytes);
    if (file.place === 'disk') await this.#write(path, file, bytes);
    else if (!this.#spool.stash(bytes.byteLength)) this.#lose(file, file.byteLength - bytes.byteLength);
  }

  /** Ends a file; after it the bytes can be read. A file that nothing was appended to is complete on disk already. */
  finish(path: string): FilePlace {
    const file = this.#growing.get(path);
    if (file === undefined) return 'disk';
    this.#growing.delete(path);
    if (file.place === 'memory') this.#inMemory.set(path, Buffer.concat(file.chunks));
    const { handle } = file;
    // The page cache outlives us; only a power cut needs the sync, and nobody waits for it.
    if (handle !== null)
      void handle
        .datasync()
        .then(() => handle.close())
        .catch(() => undefined);
    return file.place;
  }

  /** Writes what is only in the page cache to the disk. */
  async sync(): Promise<void> {
    const dirty = [...this.#growing.values()].filter(({ unsynced, handle }) => unsynced && handle !== null);
    for (const file of dirty) file.unsynced = false;
    await Promise.all(
      dirty.flatMap(({ handle }) => (handle === null ? [] : [handle.datasync().catch(() => undefined)])),
    );
  }

  /** Bytes of a complete file; null when it isn't here. */
  async read(path: string): Promise<Buffer | null> {
    return this.#inMemory.get(path) ?? (await readFile(join(this.#root, path)).catch(() => null));
  }

  /** True for a complete file that the disk didn't take. */
  isInMemory(path: string): boolean {
    return this.#inMemory.has(path);
  }

  async size(path: string): Promise<number | null> {
    const kept = this.#inMemory.get(path);
    if (kept !== undefined) return kept.byteLength;
    return stat(join(this.#root, path)).then(
      ({ size }) => size,
      () => null,
    );
  }

  /** Opens a file or a part of it, see OlderMedia. */
  async open(path: string, range?: ByteRange): Promise<OpenedMedia | null> {
    const size = await this.size(path);
    if (size === null) return null;
    const start = range?.start ?? 0;
    if (range !== undefined && start >= size) throw new RangeError(`${path} has no byte ${start}`);
    const end = Math.min(range?.end ?? size - 1, size - 1);
    const kept = this.#inMemory.get(path);
    const body = kept?.subarray(start, end + 1) ?? createReadStream(join(this.#root, path), { start, end });
    return {
      contentLength: end - start + 1,
      body,
      ...(range === undefined ? {} : { range: { start, end, size } }),
    };
  }

  /** Cuts a file on disk off after its first `byteLength` bytes. */
  async truncate(path: string, byteLength: number): Promise<void> {
    const size = (await this.size(path)) ?? 0;
    await truncate(join(this.#root, path), byteLength);
    this.#spool.release(Math.max(0, size - byteLength));
  }

  async remove(path: string): Promise<void> {
    const kept = this.#inMemory.get(path);
    if (kept !== undefined) {
      this.#inMemory.delete(path);
      this.#spool.unstash(kept.byteLength);
      return;
    }
    const size = await this.size(path);
    await rm(join(this.#root, path), { force: true });
    this.#spool.release(size ?? 0);
  }

  /** Lets go of handles and memory; files on disk stay. */
  close(): void {
    for (const path of [...this.#growing.keys()]) this.finish(path);
    for (const kept of this.#inMemory.values()) this.#spool.unstash(kept.byteLength);
    this.#inMemory.clear();
  }

  async #write(path: string, file: GrowingFile, bytes: Uint8Array): Promise<void> {
    try {
      if (!this.#spool.reserve(bytes.byteLength)) throw new Error('the spool has reached its limit');
      file.reserved += bytes.byteLength;
      const place = join(this.#root, path);
      if (file.handle === null) {
        await mkdir(dirname(place), { recursive: true });
        file.handle = await open(place, 'w');
      }
      await file.handle.appendFile(bytes);
      file.unsynced = true;
      this.#trouble = null;
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
      await this.#keepInMemory(path, file);
    }
  }

  async #keepInMemory(path: string, file: GrowingFile): Promise<void> {
    await file.handle?.close().catch(() => undefined);
    file.handle = null;
    await rm(join(this.#root, path), { force: true }).catch(() => undefined);
    this.#spool.release(file.reserved);
    file.place = 'memory';
    if (!this.#spool.stash(file.byteLength)) this.#lose(file, 0);
  }

  #lose(file: GrowingFile, stashed: number): void {
    this.#spool.unstash(stashed);
    file.place = 'lost';
    file.chunks = [];
  }
}

function newFile(): GrowingFile {
  return { place: 'disk', chunks: [], byteLength: 0, reserved: 0, handle: null, unsynced: false };
}
