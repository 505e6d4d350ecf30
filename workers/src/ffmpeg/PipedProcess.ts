import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';

export interface ProcessExit {
  /** `ended`: all input was taken. `killed`: by us. `failed`: by itself. */
  readonly reason: 'ended' | 'killed' | 'failed';
  /** Last lines of the error output. */
  readonly stderrTail: string;
}

export interface PipedProcessEvents {
  data: [bytes: Uint8Array];
  /** Last event, comes once, after all data. */
  exit: [exit: ProcessExit];
}

const keptStderrBytes = 4_000;
/** Of a process that is ended since it hangs. */
const lastWordsMs = 500;

/** A child process that reads from us and writes to us, with nothing between. Who creates it ends or kills it. */
export class PipedProcess extends EventEmitter<PipedProcessEvents> {
  readonly #child: ChildProcess;
  readonly #input: Writable;
  #stderr = '';
  #wasKilled = false;
  #hasExited = false;
  readonly exited: Promise<ProcessExit>;

  constructor(program: string, args: readonly string[]) {
    super();
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
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
        const exit: ProcessExit = { reason, stderrTail: this.#stderr || problem };
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

  /** Bytes that the process hasn't taken yet. */
  get waitingBytes(): number {
    return this.#input.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#input.writable) this.#input.write(bytes);
  }

  /** What is written until `write` returns goes out at once: one call of the system and one wakeup of the process. */
  together(write: () => void): void {
    this.#input.cork();
    write();
    this.#input.uncork();
  }

  /** No more input; resolves when everything has come out. */
  end(): Promise<ProcessExit> {
    this.#input.end();
    return this.exited;
  }

  /** Ends a process that hangs: it is given a moment to say where (SIGABRT), and then ends at once. */
  abort(): Promise<ProcessExit> {
    if (!this.#hasExited && !this.#wasKilled) {
      this.#child.kill('SIGABRT');
      const deadline = setTimeout(() => void this.kill(), lastWordsMs);
      void this.exited.then(() => clearTimeout(deadline));
    }
    return this.exited;
  }

  /** Ends the process at once. Idempotent. */
  kill(): Promise<ProcessExit> {
    this.#wasKilled = true;
    if (!this.#hasExited) this.#child.kill('SIGKILL');
    return this.exited;
  }
}
