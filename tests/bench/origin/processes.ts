import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { pinned } from './pinned.ts';
import type { Command, Report } from './originProcess.ts';
import type { ViewersCommand, ViewersReport } from './viewersProcess.ts';

/** A Node program pinned to one core, spoken to over IPC. */
export class PinnedProcess<Sent extends object, Received extends { readonly type: string }> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, (message: Received) => void>();
  #failed: Error | null = null;

  constructor(core: number, script: string, args: readonly string[] = []) {
    const file = new URL(script, import.meta.url).pathname;
    const command = pinned(core, [process.execPath, '--expose-gc', '--no-warnings', file, ...args]);
    this.#child = spawn('taskset', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => this.#received(message as Received));
    this.#child.on('exit', (code) => (this.#failed = new Error(`${script} exited with ${code}`)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: Sent): void {
    if (this.#failed) throw this.#failed;
    this.#child.send(message);
  }

  /** The next message of a type; ask before what causes it. */
  next<Type extends Received['type']>(
    type: Type,
    timeoutMs = 60_000,
  ): Promise<Extract<Received, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(this.#failed ?? new Error(`no «${type}» in ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#waiting.set(type, (message) => {
        clearTimeout(timer);
        resolve(message as Extract<Received, { type: Type }>);
      });
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #received(message: Received): void {
    const take = this.#waiting.get(message.type);
    this.#waiting.delete(message.type);
    take?.(message);
  }
}

export const startOrigin = (core: number): PinnedProcess<Command, Report> =>
  new PinnedProcess(core, './originProcess.ts');

export const startViewers = (
  core: number,
  port: number,
  count: number,
): PinnedProcess<ViewersCommand, ViewersReport> =>
  new PinnedProcess(core, './viewersProcess.ts', [String(port), String(count)]);
