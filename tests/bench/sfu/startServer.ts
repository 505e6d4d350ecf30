import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startRedis, waitUntil } from '@maydan/infra';
import { workerBin } from '../../../sfu/src/testing/workerBin.ts';
import { pinned } from '../origin/pinned.ts';
import { endWithUs } from '../origin/processes.ts';
import type { ServerAddress } from './sfuServers.ts';

const SERVER_CORE = 0;

export interface Server {
  readonly address: ServerAddress;
  /** The process whose tree is measured. */
  readonly pid: number;
  close(): Promise<void>;
}

function startPinned(script: string, env: NodeJS.ProcessEnv): ChildProcess {
  const file = new URL(script, import.meta.url).pathname;
  const child = spawn('taskset', pinned(SERVER_CORE, [process.execPath, '--no-warnings', file]), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  endWithUs(child);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** mediasoup with nothing around it. */
export async function startBare(): Promise<Server> {
  const child = startPinned('./bareSfu.ts', { MEDIASOUP_WORKER_BIN: workerBin() });
  if (child.stdout === null) throw new Error('no output');
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
  return {
    address: { type: 'bare', url: `http://127.0.0.1:${port}` },
    pid: child.pid ?? 0,
    close: () => stop(child),
  };
}

/** Our sfu as it runs in production, with one Worker. */
export async function startOurs(): Promise<Server> {
  const dir = await mkdtemp(join(tmpdir(), 'maydan-bench-'));
  const redis = await startRedis({ dir });
  const secret = randomBytes(24).toString('hex');
  const child = startPinned('../../../sfu/src/main.ts', {
    REDIS_URL: redis.url,
    INTERNAL_SECRET: secret,
    MEDIASOUP_WORKER_BIN: workerBin(),
    LOG_LEVEL: 'info',
    SFU_HOST: '127.0.0.1',
    SFU_PORT: '0',
    SFU_RTC_PORT: '0',
    OPS_PORT: '0',
    SFU_WORKERS: '1',
  });
  const close = async (): Promise<void> => {
    await stop(child);
    await redis.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const port = await httpPort(child);
    const address = {
      type: 'maydan',
      url: `http://127.0.0.1:${port}`,
      secret,
      sessionId: randomUUID(),
    } as const;
    return { address, pid: child.pid ?? 0, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The service tells its address in its log. */
async function httpPort(child: ChildProcess): Promise<number> {
  let port = 0;
  if (child.stdout === null) throw new Error('no output');
  createInterface(child.stdout).on('line', (line) => {
    const entry = JSON.parse(line) as { httpPort?: number };
    port = entry.httpPort ?? port;
  });
  await waitUntil('the sfu', () => Promise.resolve(port !== 0), 20_000);
  return port;
}
