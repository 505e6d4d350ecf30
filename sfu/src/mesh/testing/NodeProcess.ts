import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { childrenOf } from '../../testing/portsOf.ts';
import { secret } from '../../testing/TestSfu.ts';
import { workerBin } from '../../testing/workerBin.ts';

export interface NodeProcessOptions {
  readonly nodeId: string;
  readonly redisUrl: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What it is run by, for example `['ip', 'netns', 'exec', name]`. */
  readonly wrapper?: readonly string[];
}

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const readyTimeoutMs = 60_000;
const readyLine = z.object({ msg: z.literal('ready'), httpPort: z.int(), opsPort: z.int() });

/** An sfu as a process of its own, which can be killed. */
export class NodeProcess {
  readonly nodeId: string;
  readonly httpPort: number;
  readonly opsPort: number;
  readonly #child: ChildProcess;

  static async start({ nodeId, redisUrl, env = {}, wrapper = [] }: NodeProcessOptions): Promise<NodeProcess> {
    const [command, ...args] = [...wrapper, process.execPath, main];
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
        NODE_ENV: 'test',
        REDIS_URL: redisUrl,
        INTERNAL_SECRET: secret,
        MEDIASOUP_WORKER_BIN: workerBin(),
        SFU_NODE_ID: nodeId,
        SFU_HOST: '127.0.0.1',
        SFU_PORT: '0',
        SFU_RTC_PORT: '0',
        SFU_WORKERS: '1',
        OPS_PORT: '0',
        ...env,
      },
    });
    const lines: string[] = [];
    try {
      const ready = await waitUntilReady(child, lines);
      return new NodeProcess(nodeId, child, ready);
    } catch (cause) {
      child.kill('SIGKILL');
      throw new Error(`the node ${nodeId} did not start:\n${lines.join('\n')}`, { cause });
    }
  }

  private constructor(nodeId: string, child: ChildProcess, ready: { httpPort: number; opsPort: number }) {
    this.nodeId = nodeId;
    this.#child = child;
    this.httpPort = ready.httpPort;
    this.opsPort = ready.opsPort;
  }

  /** @throws Error when it was never started. */
  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.nodeId} has no process`);
    return pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  /** What a metric shows, summed over the lines that have all of `labels`. */
  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.opsPort}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Stands still until it is told to go on; its kernel takes connections meanwhile. */
  standStill(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** Stands still with its Workers, as all of a machine that is suspended, until what is returned is called. */
  suspend(): () => void {
    const pids = [...childrenOf(this.pid), this.pid];
    const signal = (name: NodeJS.Signals): void => pids.forEach((pid) => process.kill(pid, name));
    signal('SIGSTOP');
    return () => signal('SIGCONT');
  }

  /** Ends it; `SIGKILL`: without a word to anybody. Resolves when it is gone. Idempotent. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }
}

/** Fills `lines` with what the process says, and goes on reading, so that it never waits for us. */
async function waitUntilReady(child: ChildProcess, lines: string[]): Promise<z.infer<typeof readyLine>> {
  if (child.stdout === null || child.stderr === null) throw new Error('nothing to read from');
  const { stdout, stderr } = child;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('not ready in time')), readyTimeoutMs);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`exit code ${code}`)));
    createInterface(stderr).on('line', (line) => lines.push(line));
    createInterface(stdout).on('line', (line) => {
      lines.push(line);
      const ready = readyLine.safeParse(line.startsWith('{') ? JSON.parse(line) : null);
      if (!ready.success) return;
      clearTimeout(timer);
      resolve(ready.data);
    });
  });
}
