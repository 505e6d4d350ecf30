import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { memoryFolder, socketFolderPrefix } from '../../ffmpeg/LegEncoder.ts';

/** Space that must be left for others where the files are kept in memory. */
const sparedBytes = 8_388_608;
const suffix = '.yuv';
/** What ffmpeg puts behind the name of a file that it still writes to. */
const unfinished = '.tmp';
/** Files kept to be written to again. */
const mostUsed = 16;

/**
 * What a decoder writes: one file in memory for each raw picture, which ffmpeg puts in its place whole. Nobody is woken
 * when one is there, and only those that are shown are ever read: through a pipe or a socket each picture would come in a
 * dozen pieces, each of which wakes both processes.
 */
export class PictureFiles {
  readonly #folder: string;
  readonly #used: string[] = [];

  /** `needBytes`: of as many pictures as may wait; without so much memory to spare they are kept on disk. */
  constructor(needBytes: number) {
    this.#folder = mkdtempSync(socketFolderPrefix(hasRoomFor(needBytes) ? memoryFolder : undefined));
  }

  /** ffmpeg's arguments for an output to us: each picture's name is its time. */
  get target(): string[] {
    return [
      ...['-f', 'image2', '-frame_pts', '1', '-atomic_writing', '1', '-protocol_opts', 'truncate=0'],
      join(this.#folder, `%d${suffix}`),
    ];
  }

  /** When the picture of that time was written (`performance.now()`); null: it isn't there. */
  writtenMs(name: number): number | null {
    const file = statSync(this.#path(name), { throwIfNoEntry: false });
    return file === undefined ? null : performance.now() - Math.max(0, Date.now() - file.mtimeMs);
  }

  /** Fills `into` with a picture. False: it isn't there, or not of that size. */
  read(name: number, into: Uint8Array): boolean {
    let file: number | null = null;
    try {
      file = openSync(this.#path(name), 'r');
      return readSync(file, into, 0, into.length, 0) === into.length;
    } catch {
      return false;
    } finally {
      if (file !== null) closeSync(file);
    }
  }

  /**
   * To be called before a picture is decoded: a file that was used before takes its place. Memory that is there already is
   * written to at half the cost of memory that the system has to find, clear and take back.
   */
  expect(name: number): void {
    const used = this.#used.pop();
    try {
      if (used !== undefined) renameSync(used, this.#path(name) + unfinished);
    } catch {
      // It was never written: ffmpeg makes a file.
    }
  }

  /** Whether it is there or not. */
  remove(name: number): void {
    rmSync(this.#path(name), { force: true });
  }

  /** Isn't needed any more and will not be written from now on. */
  recycle(name: number): void {
    if (this.#used.length === mostUsed) this.remove(name);
    else this.#used.push(this.#path(name));
  }

  /** Removes what is older than `name`. */
  removeBefore(name: number): void {
    for (const entry of readdirSync(this.#folder)) {
      const path = join(this.#folder, entry);
      if (Number.parseInt(entry, 10) < name && !this.#used.includes(path)) rmSync(path, { force: true });
    }
  }

  /** To be called when nobody writes any more. Idempotent. */
  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #path(name: number): string {
    return join(this.#folder, `${name}${suffix}`);
  }
}

function hasRoomFor(needBytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(memoryFolder);
    return bavail * bsize > needBytes + sparedBytes;
  } catch {
    return false;
  }
}
