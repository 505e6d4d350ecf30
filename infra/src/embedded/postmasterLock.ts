import { execFileSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../process/waitUntil.ts';

const LEAVING_DEADLINE_MS = 15_000;

/**
 * Removes the lock file of a server that is gone. PostgreSQL itself gives up when the process id in it has been given
 * to another process of ours. A server that still runs on this folder (it is just being ended) is waited for.
 * @throws Error when another server goes on running on this folder.
 */
export async function clearStaleLock(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  if (isServerOf(pid, dataDir)) {
    await waitUntil(
      `The end of the PostgreSQL server that runs on ${dataDir} (process ${pid})`,
      () => !isServerOf(pid, dataDir),
      LEAVING_DEADLINE_MS,
      100,
    );
  }
  await rm(file, { force: true });
}

function isServerOf(pid: number, dataDir: string): boolean {
  try {
    const command = execFileSync('ps', ['-o', 'args=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return command.includes('postgres') && command.includes(dataDir);
  } catch {
    return false;
  }
}
