import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { serviceArguments, waitUntil, type ServiceName } from '@maydan/infra';

const keptLines = 60;
const startMs = 60_000;

export interface ServiceProcessOptions {
  readonly service: ServiceName;
  readonly env: NodeJS.ProcessEnv;
  /** Part of the log line that tells that it has started. */
  readonly readyText: string;
}

/** For tests: a service as a process of its own, which can be killed and started again. Who creates it kills it. */
export class ServiceProcess {
  readonly #options: ServiceProcessOptions;
  readonly #lines: string[] = [];
  #child: ChildProcess | null = null;

  constructor(options: ServiceProcessOptions) {
    this.#options = options;
  }

  /** The newest lines of its log, for messages of failed tests. */
  get logTail(): string {
    return this.#lines.join('\n');
  }

  /** @throws while it doesn't run. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.#options.service} does not run`);
    return pid;
  }

  async start(): Promise<void> {
    const { service, env, readyText } = this.#options;
    const child = spawn(process.execPath, serviceArguments(service), {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let isReady = false;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line.slice(0, 400));
        if (this.#lines.length > keptLines) this.#lines.shift();
        isReady ||= line.includes(readyText);
      });
    }
    await waitUntil(service, () => isReady || child.exitCode !== null, startMs);
    if (child.exitCode !== null) throw new Error(`${service} did not start:\n${this.logTail}`);
  }

  /** Idempotent. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}
