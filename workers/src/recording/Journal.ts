import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@maydan/common';
import { LineFile } from './LineFile.ts';
import type { RecordLine, TailLine } from './records.ts';
import type { Spool } from './Spool.ts';
import { SpoolFiles, type FilePlace } from './SpoolFiles.ts';
import { journalPaths, readJournal, tailNumbers, type Replay } from './readJournal.ts';

/** What a crash of the machine can cost; a crash of the process costs what is on its way to the system only. */
const syncEveryMs = 1_000;
const retryMs = 1_000;
/** The events of the newest segments are in two files, each of them for so long. */
const tailFileMs = 60_000;

/** One step of the journal: bytes of a media file and the lines that speak of them. */
export interface JournalEntry {
  readonly media?: { readonly path: string; readonly bytes: Uint8Array };
  readonly tail?: TailLine;
  readonly record?: RecordLine;
  /** File that is complete now; `onFinished` is told where it is. */
  readonly finish?: { readonly path: string; readonly onFinished: (place: FilePlace) => void };
}

interface JournalParts {
  readonly folder: string;
  readonly files: SpoolFiles;
  readonly replay: Replay;
  readonly log: Logger;
  readonly onClosed: () => Promise<void>;
}

/**
 * The spool of one playback: media files, `records.jsonl` (what is over: legs, inits, whole segments, what is stored)
 * and `tail-<n>.jsonl` (the events of the newest segments). Entries are written in order, bytes before the lines that
 * speak of them; `append` never waits and never fails. While the disk refuses, lines wait and media stays in memory.
 */
export class Journal {
  readonly files: SpoolFiles;
  readonly #folder: string;
  readonly #log: Logger;
  readonly #onClosed: () => Promise<void>;
  #closing: Promise<void> | undefined;
  readonly #records: LineFile;
  #tail: LineFile;
  #tailNumber: number;
  #tailSince = Date.now();
  #queue: JournalEntry[] = [];
  #writing: Promise<void> | undefined;
  #trouble: string | null = null;
  readonly #syncTimer: NodeJS.Timeout;
  #retryTimer: NodeJS.Timeout | undefined;

  /** Opens the spool of a playback and reads what an earlier run left there. */
  static async open(
    spool: Spool,
    playbackId: string,
    log: Logger,
  ): Promise<{ journal: Journal; replay: Replay }> {
    const folder = await spool.enter(playbackId);
    const files = new SpoolFiles(spool, join(folder, 'media'));
    const replay = await readJournal(folder, files);
    return {
      journal: new Journal({ folder, files, replay, log, onClosed: () => spool.leave(playbackId) }),
      replay,
    };
  }

  constructor({ folder, files, replay, log, onClosed }: JournalParts) {
    this.#folder = folder;
    this.files = files;
    this.#log = log;
    this.#onClosed = onClosed;
    this.#records = new LineFile(journalPaths.records(folder), replay.recordsLength);
    this.#tailNumber = replay.lastTail + 1;
    this.#tail = new LineFile(journalPaths.tail(folder, this.#tailNumber));
    this.#syncTimer = setInterval(() => void this.#sync(), syncEveryMs);
  }

  /** Why the disk isn't taking everything; null while it does. */
  get trouble(): string | null {
    return this.#trouble ?? this.files.trouble;
  }

  append(entry: JournalEntry): void {
    this.#queue.push(entry);
    this.#writing ??= this.#write();
  }

  /** Waits until all that was appended was tried, and syncs it to the disk. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#sync();
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#syncTimer);
    clearTimeout(this.#retryTimer);
    await this.flush();
    this.files.close();
    await Promise.all([this.#records.close(), this.#tail.close()]);
    await this.#onClosed();
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (const entry of batch) await this.#writeMedia(entry);
      await this.#flushLines();
    }
    this.#writing = undefined;
  }

  async #writeMedia({ media, tail, record, finish }: JournalEntry): Promise<void> {
    if (media !== undefined) await this.files.append(media.path, media.bytes);
    if (tail !== undefined) this.#tail.add(tail);
    if (record !== undefined) this.#records.add(record);
    if (finish !== undefined) finish.onFinished(this.files.finish(finish.path));
  }

  async #flushLines(): Promise<void> {
    clearTimeout(this.#retryTimer);
    try {
      await this.#tail.flush();
      await this.#records.flush();
      await this.#rotateTail();
      this.#trouble = this.#records.overflown ? 'records were lost while the disk was full' : null;
    } catch (error) {
      if (this.#trouble === null) this.#log.warn({ err: error }, 'the disk takes no records');
      this.#trouble = error instanceof Error ? error.message : String(error);
      this.#retryTimer = setTimeout(() => void (this.#writing ??= this.#write()), retryMs);
    }
  }

  /** Two files of the tail are kept: the newest segments began in one of them. */
  async #rotateTail(): Promise<void> {
    if (Date.now() - this.#tailSince < tailFileMs) return;
    this.#tailSince = Date.now();
    await this.#tail.close();
    this.#tailNumber += 1;
    this.#tail = new LineFile(journalPaths.tail(this.#folder, this.#tailNumber));
    for (const number of await tailNumbers(this.#folder)) {
      if (number < this.#tailNumber - 1) await rm(journalPaths.tail(this.#folder, number), { force: true });
    }
  }

  async #sync(): Promise<void> {
    try {
      await Promise.all([this.files.sync(), this.#tail.sync(), this.#records.sync()]);
    } catch (error) {
      this.#log.debug({ err: error }, 'spool not synced');
    }
  }
}
