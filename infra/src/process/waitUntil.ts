import { setTimeout as delay } from 'node:timers/promises';
import { ProcessFailure } from './ProcessFailure.ts';
import { describeExit } from './ManagedProcess.ts';
import type { ManagedProcess } from './ManagedProcess.ts';

/**
 * Asks `ready` again and again until it says true.
 * @throws Error naming `what` when `deadlineMs` passes; the last error of `ready` is its cause.
 */
export async function waitUntil(
  what: string,
  ready: () => boolean | Promise<boolean>,
  deadlineMs: number,
  intervalMs = 20,
): Promise<void> {
  const until = Date.now() + deadlineMs;
  let cause: unknown;
  do {
    try {
      if (await ready()) return;
    } catch (error) {
      cause = error;
    }
    await delay(intervalMs);
  } while (Date.now() < until);
  throw new Error(`${what} is not ready after ${deadlineMs} ms`, { cause });
}

/**
 * Waits until a started process answers; a process that ends before, does not answer in time or is no longer wanted
 * (`signal`) is stopped.
 * @throws ProcessFailure with the last lines the process printed.
 */
export async function waitUntilReady(
  child: ManagedProcess,
  ready: () => boolean | Promise<boolean>,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<void> {
  try {
    await waitUntil(
      child.name,
      async () => {
        if (signal?.aborted) await child.stop();
        if (child.exit) return true;
        return ready();
      },
      deadlineMs,
    );
  } catch (error) {
    await child.stop();
    throw new ProcessFailure([`${child.name} does not answer`, ...child.lastLines].join('\n  '), {
      cause: error,
    });
  }
  if (child.exit) {
    throw new ProcessFailure([`${child.name} ${describeExit(child.exit)}`, ...child.lastLines].join('\n  '));
  }
}
