import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { socketFolderPrefix } from '../../ffmpeg/LegEncoder.ts';

/** ffmpeg listens once it knows its input. */
const retryMs = 15;
/** Nobody connects any more: we were killed just now, and ffmpeg mustn't be left behind. */
const patienceMs = 10_000;
const bufferBytes = 262_144;

let folder: string | null = null;
let count = 0;

/**
 * What a decoder writes, by a socket that ffmpeg listens on. Not by its standard output: a connection of our own reads into
 * one buffer again and again, while a pipe of a child process makes a new one for each of some 600 reads a second, whose
 * collection costs more than everything else that composing does in this process.
 */
export class DecoderOutput {
  readonly #path: string;
  readonly #onData: (bytes: Uint8Array) => void;
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  #socket: Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** `onData`: bytes that hold only during the call. */
  constructor(onData: (bytes: Uint8Array) => void) {
    folder ??= mkdtempSync(socketFolderPrefix());
    count += 1;
    this.#path = join(folder, String(count));
    this.#onData = onData;
  }

  /** ffmpeg's arguments for an output to us. */
  get target(): string[] {
    return ['-listen', '1', '-timeout', String(patienceMs), `unix:${this.#path}`];
  }

  /** Waits for ffmpeg to listen. */
  open(): void {
    if (this.#isClosed) return;
    const socket = connect({
      path: this.#path,
      onread: {
        buffer: this.#buffer,
        callback: (length, bytes) => {
          this.#onData(bytes.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket = socket;
    // Not there yet; or gone, which the end of the process tells.
    socket.on('error', () => {
      if (!this.#isClosed) this.#timer = setTimeout(() => this.open(), retryMs);
    });
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#socket?.destroy();
    rmSync(this.#path, { force: true });
  }
}
