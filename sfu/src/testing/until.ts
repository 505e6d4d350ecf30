import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a condition. @throws Error naming `what` when it doesn't come in time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen`);
    await delay(20);
  }
}
