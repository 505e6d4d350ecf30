import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';

export interface FfmpegExit {
  /** `ended`: all input was taken. `killed`: by us. `failed`: by itself. */
  readonly reason: 'ended' | 'killed' | 'failed';
  /** Last lines of the error output. */
  readonly stderrTail: string;
}

export interface FfmpegProcessEvents {
  data: [bytes: Uint8Array];
  /** Last event, comes once, after all data. */
  exit: [exit: FfmpegExit];
}

const keptStderrBytes = 4_000;

/**
 * One ffmpeg that reads from us and writes to us. Plain child processes rather than fluent-ffmpeg: raw pictures go over its
 * pipes, some forty megabytes a second, and must not be copied once more on the way. Who creates it ends or kills it.
 */
export class FfmpegProcess extends EventEmitter<FfmpegProcessEvents> {
  readonly #child: ChildProcess;
  readonly #input: Writable;
  #stderr = '';
  #wasKilled = false;
  #hasExited = false;
  readonly exited: Promise<FfmpegExit>;

  constructor(ffmpegPath: string, args: readonly string[]) {
    super();
    const child = spawn(ffmpegPath, ['-hide_banner', '-nostdin', '-loglevel', 'error', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#input = child.stdin;
    // A process that died is told by its exit.
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (bytes: Buffer) => this.emit('data', bytes));
    child.stderr.on('data', (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString('utf8')).slice(-keptStderrBytes);
    });
    this.exited = new Promise((resolve) => {
      const settle = (code: number | null, problem = ''): void => {
        if (this.#hasExited) return;
        this.#hasExited = true;
        const reason = this.#wasKilled ? 'killed' : code === 0 ? 'ended' : 'failed';
        const exit: FfmpegExit = { reason, stderrTail: this.#stderr || problem };
        this.emit('exit', exit);
        resolve(exit);
      };
      child.once('error', (error) => settle(null, error.message));
      child.once('close', (code) => settle(code));
    });
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** Bytes that ffmpeg hasn't taken yet. */
  get waitingBytes(): number {
    return this.#input.writableLength;
  }

  /** `onTaken` is called when the bytes may be reused, also when they got lost with the process. */
  write(bytes: Uint8Array, onTaken?: () => void): void {
    if (!this.#input.writable) return void onTaken?.();
    this.#input.write(bytes, () => onTaken?.());
  }

  /** No more input; resolves when everything has come out. */
  end(): Promise<FfmpegExit> {
    this.#input.end();
    return this.exited;
  }

  /** Ends the process at once. Idempotent. */
  kill(): Promise<FfmpegExit> {
    this.#wasKilled = true;
    if (!this.#hasExited) this.#child.kill('SIGKILL');
    return this.exited;
  }
}
