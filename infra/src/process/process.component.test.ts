import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFileLock } from './fileLock.ts';
import { ManagedProcess, describeExit } from './ManagedProcess.ts';
import { identify, isAlive } from './processIdentity.ts';
import { waitUntil, waitUntilReady } from './waitUntil.ts';

const started: ManagedProcess[] = [];
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maydan-process-'));
});
afterEach(async () => {
  for (const child of started.splice(0)) await child.stop();
  await rm(dir, { recursive: true, force: true });
});

function shell(script: string, options: { stopTimeoutMs?: number; onLine?: (line: string) => void } = {}) {
  const child = new ManagedProcess({
    name: 'shell',
    command: 'sh',
    args: ['-c', script],
    env: process.env,
    ...options,
  });
  started.push(child);
  return child;
}

describe('ManagedProcess', () => {
  it('ends the children of a process that was killed', async () => {
    let grandchild = 0;
    const child = shell('sleep 60 & echo $!; wait', { onLine: (line) => (grandchild = Number(line)) });
    await waitUntil('the child of the shell', () => grandchild > 0, 30_000);
    const identity = identify(grandchild);
    child.kill('SIGKILL');
    expect(describeExit(await child.exited)).toBe('ended by SIGKILL');
    await waitUntil('the end of the child', () => identity !== null && !isAlive(identity), 30_000);
  });

  it('ends one that does not listen by force, also while it is paused', async () => {
    let ready = false;
    const deaf = shell("trap '' TERM; echo ready; while :; do sleep 0.1; done", {
      stopTimeoutMs: 200,
      onLine: () => (ready = true),
    });
    await waitUntil('the trap', () => ready, 30_000);
    deaf.kill('SIGSTOP');
    expect(await deaf.stop()).toMatchObject({ signal: 'SIGKILL' });
    expect(deaf.kill('SIGTERM')).toBe(false);
  });

  it('tells when the program is not there', async () => {
    const child = new ManagedProcess({ name: 'x', command: '/no/such/program', args: [] });
    expect(describeExit(await child.exited)).toContain('ENOENT');
  });
});

describe('waitUntilReady', () => {
  it('tells the last lines of a process that ended', async () => {
    const child = shell('echo the disk is full; exit 3');
    await expect(waitUntilReady(child, () => false, 30_000)).rejects.toThrow(
      /exited with code 3\n +the disk is full/,
    );
  });

  it('stops one that does not get ready', async () => {
    const child = shell('sleep 60');
    await expect(waitUntilReady(child, () => false, 100)).rejects.toThrow('shell does not answer');
    expect(child.exit).not.toBeNull();
  });

  it('stops one that is no longer wanted', async () => {
    const child = shell('sleep 60');
    await expect(waitUntilReady(child, () => false, 30_000, AbortSignal.abort())).rejects.toThrow('SIGTERM');
  });
});

describe('withFileLock', () => {
  it('lets one in at a time', async () => {
    const file = join(dir, 'lock');
    const order: string[] = [];
    let leave = (): void => {};
    const first = withFileLock(
      file,
      () => {},
      async () => {
        order.push('first in');
        await new Promise<void>((resolve) => (leave = resolve));
        order.push('first out');
      },
    );
    await waitUntil('the first', () => order.length === 1, 30_000);
    const second = withFileLock(
      file,
      () => leave(),
      async () => order.push('second in'),
    );
    await Promise.all([first, second]);
    expect(order).toEqual(['first in', 'first out', 'second in']);
  });

  it('takes over from a process that died', async () => {
    const file = join(dir, 'lock');
    await writeFile(file, JSON.stringify({ pid: process.pid, startedAt: 'long ago' }));
    expect(
      await withFileLock(
        file,
        () => {},
        async () => 'in',
      ),
    ).toBe('in');
  });
});
