import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort, waitUntil } from '@maydan/infra';

const main = fileURLToPath(new URL('../../../../sfu/src/main.ts', import.meta.url));
/** The worker binary that the setup found or built. */
const stamp = new URL('../../../../node_modules/.maydan/mediasoup-worker.stamp', import.meta.url);
const keptLines = 60;

/** For tests: a real sfu as a process of its own, which keeps its port over restarts. Who creates it closes it. */
export class SfuProcess {
  readonly #env: NodeJS.ProcessEnv;
  readonly #lines: string[] = [];
  #child: ChildProcess | null = null;

  static async start(options: {
    redisUrl: string;
    secret: string;
    env?: NodeJS.ProcessEnv;
  }): Promise<SfuProcess> {
    const sfu = new SfuProcess({
      REDIS_URL: options.redisUrl,
      INTERNAL_SECRET: options.secret,
      MEDIASOUP_WORKER_BIN: readFileSync(stamp, 'utf8'),
      SFU_HOST: '127.0.0.1',
      SFU_PORT: String(await freePort()),
      SFU_RTC_PORT: '0',
      SFU_WORKERS: '1',
      OPS_PORT: '0',
      LOG_LEVEL: 'info',
      ...options.env,
    });
    await sfu.start();
    return sfu;
  }

  private constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** The newest lines of its log, for messages of failed tests. */
  get logTail(): string {
    return this.#lines.join('\n');
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let isReady = false;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line.slice(0, 400));
        if (this.#lines.length > keptLines) this.#lines.shift();
        isReady ||= line.includes('"ready"');
      });
    }
    await waitUntil('the sfu', () => isReady || child.exitCode !== null, 20_000);
    if (child.exitCode !== null) throw new Error(`the sfu did not start:\n${this.logTail}`);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}
