import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { playbackId as playbackIdSchema } from '@maydan/contracts';

/** Memory for media that the disk didn't take and the storage doesn't have yet. */
const stashMaxBytes = 96 * 1024 * 1024;
const ownerFile = 'owner.pid';
/** A superseded run hears of it within 3 s and closes in a moment. */
const closingMs = 6_000;

/**
 * The folder of media that is not stored yet, with its two limits over all playbacks: bytes on disk, and bytes that
 * wait in memory because the disk didn't take them.
 */
export class Spool {
  readonly dir: string;
  readonly maxBytes: number;
  readonly #stashMaxBytes: number;
  #usedBytes = 0;
  #stashBytes = 0;

  static async create(dir: string, maxBytes: number, stashLimit = stashMaxBytes): Promise<Spool> {
    const spool = new Spool(dir, maxBytes, stashLimit);
    await mkdir(dir, { recursive: true });
    spool.#usedBytes = await sizeOf(dir);
    return spool;
  }

  constructor(dir: string, maxBytes: number, stashLimit = stashMaxBytes) {
    this.dir = dir;
    this.maxBytes = maxBytes;
    this.#stashMaxBytes = stashLimit;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get stashBytes(): number {
    return this.#stashBytes;
  }

  folderOf(playbackId: string): string {
    return join(this.dir, playbackIdSchema.parse(playbackId));
  }

  /**
   * Makes the folder of a playback this process's. Workers of one machine may share a spool: a run that was superseded
   * there may still be closing, so it is waited for, within limits.
   */
  async enter(playbackId: string): Promise<string> {
    const folder = this.folderOf(playbackId);
    await mkdir(folder, { recursive: true });
    const giveUpAt = Date.now() + closingMs;
    while (Date.now() < giveUpAt && isAnother(await ownerOf(folder))) await delay(100);
    await writeFile(join(folder, ownerFile), String(process.pid));
    return folder;
  }

  /** Leaves the folder to whoever comes next. */
  async leave(playbackId: string): Promise<void> {
    const folder = this.folderOf(playbackId);
    if ((await ownerOf(folder)) === process.pid) await rm(join(folder, ownerFile), { force: true });
  }

  /** Counts bytes about to be written; false when the disk share is used up. */
  reserve(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.maxBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#usedBytes = Math.max(0, this.#usedBytes - bytes);
  }

  /** Counts bytes kept in memory; false when there is no room for them. */
  stash(bytes: number): boolean {
    if (this.#stashBytes + bytes > this.#stashMaxBytes) return false;
    this.#stashBytes += bytes;
    return true;
  }

  unstash(bytes: number): void {
    this.#stashBytes = Math.max(0, this.#stashBytes - bytes);
  }

  /** Removes everything of a playback. */
  async remove(playbackId: string): Promise<void> {
    const folder = this.folderOf(playbackId);
    const bytes = await sizeOf(folder);
    await rm(folder, { recursive: true, force: true });
    this.release(bytes);
  }

  /** Playbacks that left something here whose folder nobody wrote to for `idleMs`. */
  async idle(idleMs: number, now = Date.now()): Promise<string[]> {
    const found: string[] = [];
    for (const name of await readdir(this.dir)) {
      if (!playbackIdSchema.safeParse(name).success) continue;
      const touched = await stat(join(this.dir, name, 'records.jsonl')).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      if (now - touched > idleMs) found.push(name);
    }
    return found;
  }
}

async function ownerOf(folder: string): Promise<number> {
  return Number(await readFile(join(folder, ownerFile), 'utf8').catch(() => '0'));
}

/** True when the process lives and isn't this one. */
function isAnother(pid: number): boolean {
  if (pid === process.pid || !(pid > 0)) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Bytes of all files below a folder; 0 when it isn't there. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    bytes += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}
