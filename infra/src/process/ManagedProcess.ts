import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { processGuard } from './ProcessGuard.ts';
import type { Wave } from './ProcessGuard.ts';

export interface ProcessSpec {
  name: string;
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  wave?: Wave;
  /** What asks the process to end in order. */
  stopSignal?: NodeJS.Signals;
  /** How long an ordered end may take before SIGKILL. */
  stopTimeoutMs?: number;
  /** Each line of standard output and standard error. */
  onLine?: (line: string) => void;
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Set when the program could not be started at all. */
  error?: Error;
}

const LAST_LINES = 30;

/**
 * A child process in its own process group, guarded against outliving us. Its children (ffmpeg of a worker) are in
 * the same group and are ended with it, also when it crashed.
 */
export class ManagedProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves once the process is gone and its group has been ended. Never rejects. */
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #spec: ProcessSpec;
  readonly #lines: string[] = [];
  #exit: ProcessExit | null = null;
  #stopping: Promise<ProcessExit> | null = null;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    this.name = spec.name;
    this.#child = spawn(spec.command, [...spec.args], {
      env: spec.env,
      cwd: spec.cwd,
      uid: spec.uid,
      gid: spec.gid,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = this.#child.pid ?? 0;
    this.exited = this.#watch();
    if (this.pid > 0) {
      processGuard.add({ wave: spec.wave ?? 2, signal: spec.stopSignal ?? 'SIGTERM', pgid: this.pid });
    }
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#line(line));
    }
  }

  /** How the process ended, or null while it runs. */
  get exit(): ProcessExit | null {
    return this.#exit;
  }

  /** The newest lines it printed, for error messages. */
  get lastLines(): readonly string[] {
    return this.#lines;
  }

  /** Sends a signal to the process alone; false when it is gone. */
  kill(signal: NodeJS.Signals): boolean {
    return this.#exit === null && this.#child.kill(signal);
  }

  /** Asks it to end, waits, ends it by force after the time allowed. May be called again. */
  stop(): Promise<ProcessExit> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<ProcessExit> {
    this.kill(this.#spec.stopSignal ?? 'SIGTERM');
    // A paused process (SIGSTOP) does not see the request until it runs again.
    this.kill('SIGCONT');
    const timer = setTimeout(() => this.kill('SIGKILL'), this.#spec.stopTimeoutMs ?? 10_000);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  #watch(): Promise<ProcessExit> {
    return new Promise((resolve) => {
      const finish = (exit: ProcessExit): void => {
        if (this.#exit) return;
        this.#exit = exit;
        if (this.pid > 0) {
          killGroup(this.pid);
          processGuard.remove(this.pid);
        }
        resolve(exit);
      };
      this.#child.once('error', (error) => finish({ code: null, signal: null, error }));
      this.#child.once('exit', (code, signal) => finish({ code, signal }));
    });
  }

  #line(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > LAST_LINES) this.#lines.shift();
    this.#spec.onLine?.(line);
  }
}

/** Ends a process group by force; no matter if nobody of it is left. */
export function killGroup(pgid: number): void {
  try {
    process.kill(-pgid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

/** A sentence about how a process ended. */
export function describeExit(exit: ProcessExit): string {
  if (exit.error) return exit.error.message;
  return exit.signal ? `ended by ${exit.signal}` : `exited with code ${exit.code ?? 'unknown'}`;
}
