import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';
import { ManagedProcess } from '../process/ManagedProcess.ts';
import { waitUntil } from '../process/waitUntil.ts';
import { startStack } from './Stack.ts';
import type { Stack } from './Stack.ts';

const cleanups: (() => unknown)[] = [];
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maydan-stack-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(dir, { recursive: true, force: true });
});

async function start(): Promise<Stack> {
  const stack = await startStack({ dataDir: dir, ports: 'free', services: ['sfu'] });
  cleanups.push(() => stack.close());
  return stack;
}

/** The processes and all their children. */
function withChildren(pids: readonly number[]): number[] {
  const rows = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const all = new Set(pids);
  for (let size = -1; size !== all.size;) {
    size = all.size;
    for (const [pid = 0, parent = 0] of rows) if (all.has(parent)) all.add(pid);
  }
  return [...all];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const running = (stack: Stack): number[] => Object.values(stack.pids).filter((pid) => pid !== null);

describe('a stack', () => {
  it('brings back what is killed, with its data and at its address', async () => {
    const stack = await start();
    const redis = new Redis(stack.redisUrl.replace('unix://', ''));
    cleanups.push(() => redis.disconnect());
    await redis.set('seen', 'before');
    for (const part of ['redis', 's3', 'postgres', 'sfu']) {
      const pid = stack.pids[part] ?? null;
      expect(stack.kill(part, 'SIGKILL')).toBe(true);
      expect(await stack.whenRunning(part, pid)).not.toBe(pid);
    }
    expect(await redis.get('seen')).toBe('before');
    const client = new pg.Client({ connectionString: stack.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ applied: string }>(
      'select count(*) as applied from _prisma_migrations',
    );
    await client.end();
    expect(Number(rows[0]?.applied)).toBeGreaterThan(0);
    const health = await fetch(`${stack.addresses.ops.sfu}/health/ready`);
    expect(health.status).toBe(200);
  }, 120_000);

  it('leaves no process when it is closed, and keeps its secrets to its owner', async () => {
    const stack = await start();
    const pids = withChildren(running(stack));
    expect(pids.length).toBeGreaterThan(running(stack).length);
    expect(stack.credentials?.users.map(({ username }) => username)).toContain('broadcaster');
    const { mode } = await stat(join(dir, 'secrets.json'));
    expect(mode & 0o077).toBe(0);
    await stack.close();
    await waitUntil('the end of all processes', () => !pids.some(isAlive), 60_000);
    const again = await start();
    expect(again.credentials).toBeNull();
    expect(again.secrets.demoStreamKey).toBe(stack.secrets.demoStreamKey);
    expect(await readFile(again.logFile('sfu'), 'utf8')).toContain('"service":"sfu"');
  }, 120_000);

  it('is the only one on its folder', async () => {
    await start();
    await expect(startStack({ dataDir: dir, ports: 'free', services: [] })).rejects.toThrow(
      /runs already on/,
    );
  }, 120_000);
});

describe('a supervisor that is killed', () => {
  it('leaves no process, and the next one starts on the same folder', async () => {
    let pids: number[] = [];
    const supervisor = new ManagedProcess({
      name: 'supervisor',
      command: process.execPath,
      args: [fileURLToPath(new URL('../testing/runStack.ts', import.meta.url)), dir],
      env: process.env,
      onLine: (line) => {
        if (line.startsWith('{')) pids = Object.values(JSON.parse(line) as Record<string, number>);
      },
    });
    cleanups.push(() => supervisor.stop());
    await waitUntil('the stack', () => pids.length > 0 || supervisor.exit !== null, 60_000);
    const all = withChildren(pids);
    expect(all.length).toBeGreaterThan(pids.length);
    expect(pids.length).toBe(4);
    supervisor.kill('SIGKILL');
    await waitUntil('the end of the supervisor', () => supervisor.exit !== null, 60_000);
    const next = await start();
    expect(all.filter(isAlive)).toEqual([]);
    expect(next.states).toEqual({ postgres: 'running', redis: 'running', s3: 'running', sfu: 'running' });
  }, 120_000);
});
