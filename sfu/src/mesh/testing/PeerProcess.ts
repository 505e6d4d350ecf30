import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { until } from '../../testing/until.ts';

export interface PeerProcessOptions {
  readonly what: 'publish' | 'watch';
  readonly url: string;
  readonly token: string;
  readonly wrapper: readonly string[];
}

const main = fileURLToPath(new URL('./peerMain.ts', import.meta.url));
const step = z.record(z.string(), z.unknown());
const stepTimeoutMs = 60_000;

/** A peer in a process of its own, where its namespace is its node's. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #steps: z.infer<typeof step>[] = [];
  readonly #errors: string[] = [];

  constructor({ what, url, token, wrapper }: PeerProcessOptions) {
    const [command, ...args] = [...wrapper, process.execPath, main, what];
    this.#child = spawn(command, [...args, '--url', url, '--token', token], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('nothing to read from');
    createInterface(stdout).on('line', (line) => this.#steps.push(step.parse(JSON.parse(line))));
    createInterface(stderr).on('line', (line) => this.#errors.push(line));
  }

  /** Waits for a step and gives what was told of it. @throws Error with what the process complained about. */
  async step(name: string): Promise<unknown> {
    const isOver = (): boolean => this.#child.exitCode !== null || this.#child.signalCode !== null;
    const find = (): z.infer<typeof step> | undefined => this.#steps.find((one) => name in one);
    await until(name, () => find() !== undefined || isOver(), stepTimeoutMs);
    const found = find();
    if (found === undefined) throw new Error(`no "${name}":\n${this.#errors.join('\n')}`);
    return found[name];
  }

  /** Resolves when it is gone. Idempotent. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }
}
