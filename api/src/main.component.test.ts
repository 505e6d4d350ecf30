import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis, waitUntil } from '@maydan/infra';

const main = join(import.meta.dirname, 'main.ts');
const running: ChildProcess[] = [];

/** The api as a process of its own, with what it says. */
function start(environment: Record<string, string>): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, [main], { env: { PATH: '', ...environment }, stdio: 'pipe' });
  running.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  }
  return { child, said: () => text };
}

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

const environment = {
  API_HOST: '127.0.0.1',
  API_PORT: '0',
  OPS_PORT: '0',
  REDIS_URL: 'unix:///nowhere/redis.sock',
  DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/none',
  INTERNAL_SECRET: 'i'.repeat(20) + 'j'.repeat(20),
  ACCESS_TOKEN_SECRET: 'a'.repeat(20) + 'b'.repeat(20),
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
  RTMP_PUBLIC_URL: 'rtmp://127.0.0.1:1935/live',
};

describe('the process', () => {
  it('names all problems of its configuration and exits with 78', async () => {
    const { child, said } = start({ ...environment, REDIS_URL: 'http://x', INTERNAL_SECRET: 'short' });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(78);
    expect(said()).toContain('REDIS_URL');
    expect(said()).toContain('INTERNAL_SECRET');
    expect(said()).not.toContain('short');
  });

  it('does not start with a service account that can send nothing', async () => {
    const account = { type: 'service_account', private_key: 'a key, though not one of RSA' };
    const { child, said } = start({ ...environment, FCM_SERVICE_ACCOUNT: JSON.stringify(account) });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(78);
    expect(said()).toContain('FCM_SERVICE_ACCOUNT.private_key: is not an RSA private key');
    expect(said()).toContain('FCM_SERVICE_ACCOUNT.client_email');
    expect(said()).not.toContain('though');
  });

  it('answers while PostgreSQL and Redis are away, and ends on SIGTERM', async () => {
    const { child, said } = start(environment);
    await waitUntil('the api', () => said().includes('the api answers'), 60_000);
    const port = Number(/"port":(\d+)/.exec(said())?.[1]);
    const health = await fetch(`http://127.0.0.1:${port}/health`);
    expect(health.status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(503);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });

  it('says in its log alone, and once for each connection, that Redis stopped and came back', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'maydan-api-'));
    let redis = await startRedis({ dir });
    try {
      const { child, said } = start({ ...environment, REDIS_URL: redis.url });
      await waitUntil('the api', () => said().includes('the api answers'), 60_000);
      // The figures need the queues, whose library writes to the console if it is let.
      const metrics = `http://127.0.0.1:${Number(/"opsPort":(\d+)/.exec(said())?.[1])}/metrics`;
      expect((await fetch(metrics)).status).toBe(200);
      await redis.close();
      const times = (message: string): number => said().split(`"${message}"`).length - 1;
      await waitUntil('all five connections to notice', () => times('redis is away') === 5, 60_000);
      redis = await startRedis({ dir });
      await waitUntil('all five connections to be back', () => times('redis is back') === 5, 60_000);
      child.kill('SIGTERM');
      await once(child, 'exit');
      expect(times('redis is away')).toBe(5);
      expect(
        said()
          .trim()
          .split('\n')
          .filter((line) => !line.startsWith('{')),
      ).toEqual([]);
    } finally {
      await redis.close();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
