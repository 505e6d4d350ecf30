import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { identify, isAlive } from './processIdentity.ts';

const holderSchema = z.object({ pid: z.number(), startedAt: z.string() });
const POLL_MS = 500;

/**
 * Runs `work` while no other process runs under the same lock file; one that died holding it is no obstacle.
 * @param onWait Called once when another process holds it.
 */
export async function withFileLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  for (let waited = false; !(await tryLock(file)); waited = true) {
    if (!waited) onWait();
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function tryLock(file: string): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(identify(process.pid)), { flag: 'wx' });
    return true;
  } catch {
    const holder = await readHolder(file);
    if (holder === null || !isAlive(holder)) await rm(file, { force: true });
    return false;
  }
}

async function readHolder(file: string) {
  try {
    return holderSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}
