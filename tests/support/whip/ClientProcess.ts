import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A client that is a program of its own and says what happens, one JSON object a line. */
export class ClientProcess {
  readonly #child: ChildProcess;
  readonly #events: Record<string, unknown>[] = [];
  #errors = '';

  /** Throws when there is no such program. */
  static async start(command: string, args: readonly string[]): Promise<ClientProcess> {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const client = new ClientProcess(child);
    await once(child, 'spawn');
    return client;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('the client has no output');
    createInterface(child.stdout).on('line', (line) => {
      const event: unknown = JSON.parse(line);
      if (typeof event === 'object' && event !== null) this.#events.push({ ...event });
    });
    child.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** The newest value it has said of `name`. Throws what it wrote to stderr once it has failed. */
  last(name: string): unknown {
    const { exitCode } = this.#child;
    if (exitCode !== null && exitCode !== 0) throw new Error(`the client failed: ${this.#errors}`);
    return this.#events.findLast((event) => name in event)?.[name];
  }

  /** Ends it, in the way it ends by itself. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it like a power cut, and all that it started: they are a process group of their own. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    const ended = once(this.#child, 'exit');
    process.kill(signal === 'SIGKILL' ? -pid : pid, signal);
    await ended;
  }
}
