import { createWriteStream, mkdirSync, renameSync, statSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 20_000_000;

/** A log file of one part; a full one is kept as `.1` beside, so that a part's logs never take more than twice the limit. */
export class ServiceLog {
  readonly file: string;
  #stream: WriteStream;
  #bytes: number;

  constructor(file: string) {
    this.file = file;
    mkdirSync(dirname(file), { recursive: true });
    this.#bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    this.#stream = open(file);
  }

  write(line: string): void {
    if (this.#bytes > MAX_BYTES) this.#rotate();
    this.#bytes += Buffer.byteLength(line) + 1;
    this.#stream.write(`${line}\n`);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#stream.end(resolve));
  }

  #rotate(): void {
    this.#stream.end();
    renameSync(this.file, `${this.file}.1`);
    this.#bytes = 0;
    this.#stream = open(this.file);
  }
}

/** A disk that is full must not end the supervisor. */
function open(file: string): WriteStream {
  return createWriteStream(file, { flags: 'a', mode: 0o600 }).on('error', () => {});
}
