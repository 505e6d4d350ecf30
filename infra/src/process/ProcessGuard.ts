import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Order of the end: services (1) go before what they depend on (2). */
export type Wave = 1 | 2;

interface Member {
  wave: Wave;
  signal: NodeJS.Signals;
  pgid: number;
}

const script = fileURLToPath(new URL('./guard.sh', import.meta.url));

/**
 * Sees to it that no child outlives this process, also after kill -9: a small shell script holds the other end of a
 * pipe, and when the pipe closes it ends every process group that was added and not removed.
 * The guard runs only while there is something to guard.
 */
export class ProcessGuard {
  readonly #members = new Map<number, Member>();
  #process: ChildProcessByStdio<Writable, null, null> | null = null;

  add(member: Member): void {
    this.#members.set(member.pgid, member);
    if (this.#process) this.#tell(member);
    else this.#start();
  }

  remove(pgid: number): void {
    if (!this.#members.delete(pgid)) return;
    this.#process?.stdin.write(`remove ${pgid}\n`);
    if (this.#members.size > 0) return;
    this.#process?.stdin.end();
    this.#process = null;
  }

  #start(): void {
    const guard = spawn('sh', [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#process = guard;
    guard.unref();
    // The pipe must not keep this process alive, and its end is noticed through 'exit'.
    if (guard.stdin instanceof Socket) guard.stdin.unref();
    guard.stdin.on('error', () => {});
    guard.on('error', () => this.#lost(guard));
    guard.on('exit', () => this.#lost(guard));
    for (const member of this.#members.values()) this.#tell(member);
  }

  /** Somebody ended the guard itself: another one takes over. */
  #lost(guard: ChildProcessByStdio<Writable, null, null>): void {
    if (this.#process !== guard) return;
    this.#process = null;
    if (this.#members.size > 0) this.#start();
  }

  #tell({ wave, signal, pgid }: Member): void {
    this.#process?.stdin.write(`add ${wave} ${signal.replace('SIG', '')} ${pgid}\n`);
  }
}

/** The guard of this process. */
export const processGuard = new ProcessGuard();
