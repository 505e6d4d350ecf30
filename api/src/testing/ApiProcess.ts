import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitUntil } from '@maydan/infra';

const main = join(import.meta.dirname, '../main.ts');

/** The api as a process of its own, so that it can be killed. */
export class ApiProcess {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Resolves when it answers. */
  static async start(environment: Record<string, string>): Promise<ApiProcess> {
    const child = spawn(process.execPath, [main], { env: { PATH: '', ...environment }, stdio: 'pipe' });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      // Only the first lines are of use; the rest is read so that the process doesn't wait.
      stream.on('data', (chunk: Buffer) => (said.length < 100_000 ? (said += chunk.toString()) : undefined));
    }
    try {
      await waitUntil('the api process', () => said.includes('the api answers'), 60_000);
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(said, { cause: error });
    }
    return new ApiProcess(child, Number(/"port":(\d+)/.exec(said)?.[1]));
  }

  /** Ends it with this signal; resolves when it has ended. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  close(): Promise<void> {
    return this.end('SIGKILL');
  }
}
