import { open, type FileHandle } from 'node:fs/promises';

/** Lines kept in memory while the disk takes none; at some 300 bytes each this is hours of a session. */
const maxWaitingBytes = 32 * 1024 * 1024;

/**
 * A file of lines that is only appended to. Lines the disk refuses wait here, in order, for the next `flush`; a line
 * written by half is cut off again, so that the file always ends with a whole one (but for a crash in the middle).
 */
export class LineFile {
  readonly #path: string;
  #handle: FileHandle | null = null;
  #length: number;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #unsynced = false;
  #overflown = false;

  /** `length`: bytes of the file that are valid; what comes after them is cut off before the first write. */
  constructor(path: string, length = 0) {
    this.#path = path;
    this.#length = length;
  }

  /** True once lines were dropped: from then on the file ends, since an order with a hole is worth nothing. */
  get overflown(): boolean {
    return this.#overflown;
  }

  add(line: object): void {
    if (this.#overflown) return;
    const text = `${JSON.stringify(line)}\n`;
    this.#waiting.push(text);
    this.#waitingBytes += text.length;
    if (this.#waitingBytes <= maxWaitingBytes) return;
    this.#overflown = true;
    this.#waiting = [];
  }

  /** Hands the waiting lines to the system; rejects when it doesn't take them, and then they wait further. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const text = Buffer.from(this.#waiting.join(''));
    const count = this.#waiting.length;
    const handle = await this.#open();
    try {
      for (let written = 0; written < text.byteLength;) {
        const at = this.#length + written;
        written += (await handle.write(text, written, text.byteLength - written, at)).bytesWritten;
      }
    } catch (error) {
      await handle.truncate(this.#length).catch(() => undefined);
      throw error;
    }
    this.#length += text.byteLength;
    this.#waiting.splice(0, count);
    this.#waitingBytes = Math.max(0, this.#waitingBytes - text.byteLength);
    this.#unsynced = true;
  }

  /** Writes what is only in the page cache to the disk. */
  async sync(): Promise<void> {
    if (!this.#unsynced) return;
    this.#unsynced = false;
    await this.#handle?.datasync();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle !== null) return this.#handle;
    // Not "append": writes go to a known place, so that a torn end is written over.
    this.#handle = await open(this.#path, this.#length === 0 ? 'w' : 'r+');
    await this.#handle.truncate(this.#length);
    return this.#handle;
  }
}
