import type { Logger } from '@maydan/common';
import { playbackKeys } from '@maydan/contracts';
import { backOffMs, pause } from '../storage/backOff.ts';
import type { ObjectStore } from '../storage/ObjectStore.ts';
import { toStorageError, type StorageError, type StorageTrouble } from '../storage/storageError.ts';
import type { RecordLine } from './records.ts';
import type { SharedRecords } from './SharedRecords.ts';

/** A complete file of a recording on its way to the storage. */
export interface Upload {
  /** Files of one rendition are recorded in the order they were added. */
  readonly rendition: string;
  /** Relative to the playback. */
  readonly path: string;
  readonly byteLength: number;
  /** What is written to the Redis list once the file is stored. */
  readonly line: RecordLine;
  /** Unix ms at which the file was complete. */
  readonly completedAtMs: number;
}

export interface UploaderOptions {
  readonly store: ObjectStore;
  readonly playbackId: string;
  readonly records: SharedRecords;
  readonly log: Logger;
  /** Bytes of a complete file; null when they are nowhere. */
  readonly read: (path: string) => Promise<Buffer | null>;
  /** The file is stored, verified and recorded: the local copy may go. */
  readonly onStored: (upload: Upload) => void;
  /** The bytes are nowhere: the recording has a gap. */
  readonly onLost: (upload: Upload) => void;
}

export interface UploadTrouble {
  readonly kind: StorageTrouble;
  readonly message: string;
  readonly sinceMs: number;
}

const concurrency = 4;
const retry = { firstMs: 500, maxMs: 5_000 };

/**
 * Sends the files of one playback to the storage, a few at a time, and records each in Redis when the storage is
 * known to have it. An outage only makes the queue longer: every file is tried until it is stored or the uploader is
 * closed.
 */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #prefix: string;
  readonly #abort = new AbortController();
  readonly #waiting: { upload: Upload; onStored: (stored: boolean) => void }[] = [];
  readonly #unfinished = new Set<Upload>();
  readonly #recording = new Map<string, Promise<unknown>>();
  #active = 0;
  #trouble: UploadTrouble | null = null;
  #idle: (() => void)[] = [];

  constructor(options: UploaderOptions) {
    this.#options = options;
    this.#prefix = playbackKeys.s3Prefix(options.playbackId);
  }

  /** Bytes that are complete but not stored yet. */
  get lagBytes(): number {
    let bytes = 0;
    for (const { byteLength } of this.#unfinished) bytes += byteLength;
    return bytes;
  }

  /** How long the oldest file has been waiting; 0 when none is. */
  lagMs(now = Date.now()): number {
    const [oldest] = this.#unfinished;
    return oldest === undefined ? 0 : Math.max(0, now - oldest.completedAtMs);
  }

  /** Why the storage takes nothing at present; null while it does. */
  get trouble(): UploadTrouble | null {
    return this.#trouble;
  }

  add(upload: Upload): void {
    if (this.#abort.signal.aborted) return;
    this.#unfinished.add(upload);
    const stored = new Promise<boolean>((onStored) => this.#waiting.push({ upload, onStored }));
    this.#inOrder(upload.rendition, async () => {
      const { records, onStored } = this.#options;
      if ((await stored) && (await records.append(upload.line))) onStored(upload);
      this.#unfinished.delete(upload);
      if (this.#unfinished.size === 0) this.#wake();
    });
    this.#next();
  }

  /** Records what needs no upload (legs, gaps) after all that was added before it for this rendition. */
  addRecord(rendition: string, line: RecordLine): void {
    this.#inOrder(rendition, () => this.#options.records.append(line));
  }

  /** Resolves when nothing is left to store, or after `close`. */
  async drained(): Promise<void> {
    if (this.#unfinished.size > 0 && !this.#abort.signal.aborted) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
    await Promise.all(this.#recording.values());
  }

  /** Stops at once; what is not stored stays where it is. Idempotent. */
  async close(): Promise<void> {
    this.#stop();
    this.#options.records.close();
    await Promise.all(this.#recording.values());
  }

  #next(): void {
    while (this.#active < concurrency) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#active += 1;
      void this.#store(next.upload).then((stored) => {
        this.#active -= 1;
        next.onStored(stored);
        this.#next();
      });
    }
  }

  #inOrder(rendition: string, step: () => Promise<unknown>): void {
    const before = this.#recording.get(rendition) ?? Promise.resolve();
    this.#recording.set(rendition, before.then(step));
  }

  /** True when the storage has the file; false when its bytes are nowhere or the uploader was closed. */
  async #store(upload: Upload): Promise<boolean> {
    const { store, read, onLost, log } = this.#options;
    const { signal } = this.#abort;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        const bytes = await read(upload.path);
        if (bytes?.byteLength !== upload.byteLength) {
          log.error({ path: upload.path, expected: upload.byteLength }, 'media of the recording is lost');
          onLost(upload);
          return false;
        }
        await store.put(this.#prefix + upload.path, bytes, { signal });
        this.#trouble = null;
        return true;
      } catch (error) {
        if (!signal.aborted) this.#failed(toStorageError(error), upload);
        await pause(backOffMs(attempt, retry), signal);
      }
    }
    return false;
  }

  #failed(error: StorageError, { path }: Upload): void {
    const { log } = this.#options;
    if (this.#trouble === null)
      log.warn({ err: error, path }, 'storage takes nothing; the recording waits here');
    const sinceMs = this.#trouble?.sinceMs ?? Date.now();
    this.#trouble = { kind: error.trouble, message: error.message, sinceMs };
  }

  #stop(): void {
    this.#abort.abort();
    for (const { onStored } of this.#waiting.splice(0)) onStored(false);
    this.#unfinished.clear();
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
