import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
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

/** The file is there with all that is in it, or not at all: half of it would look like the lock of nobody. */
async function tryLock(file: string): Promise<boolean> {
  const own = `${file}.${randomUUID()}`;
  await writeFile(own, JSON.stringify(identify(process.pid)));
  try {
    await link(own, file);
    return true;
  } catch {
    if (await isAbandoned(file)) await rm(file, { force: true });
    return false;
  } finally {
    await rm(own, { force: true });
  }
}

/** Also when it says nothing that we know; not when it is gone: the next one may have it already. */
async function isAbandoned(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return false;
  const holder = holderSchema.safeParse(parsed(text)).data;
  return holder === undefined || !isAlive(holder);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
