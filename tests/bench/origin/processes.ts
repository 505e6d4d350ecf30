import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { pinned } from './pinned.ts';
import type { Command, Report } from './originProcess.ts';
import type { ViewersCommand, ViewersReport } from './viewersProcess.ts';

/** A benchmark that fails or is interrupted leaves nothing running. */
export function endWithUs(child: ChildProcess): void {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

/** A Node program pinned to one core, spoken to over IPC. */
export class PinnedProcess<Sent extends object, Received extends { readonly type: string }> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<string, { take: (message: Received) => void; fail: (error: Error) => void }>();
  #failed: Error | null = null;

  constructor(core: number, script: string, args: readonly string[] = []) {
    const file = new URL(script, import.meta.url).pathname;
    const command = pinned(core, [process.execPath, '--expose-gc', '--no-warnings', file, ...args]);
    this.#child = spawn('taskset', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    endWithUs(this.#child);
    this.#child.on('message', (message) => this.#received(message as Received));
    this.#child.on('exit', (code) => this.#ended(new Error(`${script} exited with ${code}`)));
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
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(() => reject(new Error(`no «${type}» in ${timeoutMs} ms`)), timeoutMs);
      const take = (message: Received): void => {
        clearTimeout(timer);
        resolve(message as Extract<Received, { type: Type }>);
      };
      if (this.#failed === null) this.#waiting.set(type, { take, fail });
      else fail(this.#failed);
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#waiting.clear();
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #received(message: Received): void {
    const waiting = this.#waiting.get(message.type);
    this.#waiting.delete(message.type);
    waiting?.take(message);
  }

  #ended(error: Error): void {
    this.#failed = error;
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
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
