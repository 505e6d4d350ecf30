import { setTimeout as delay } from 'node:timers/promises';

export interface BackOffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Waiting time before try number `attempt` (1 = the first repetition): doubled each time up to the most, of which
 * a random half is taken away, so that many waiting for the same thing don't come back at once.
 */
export function backOffMs(
  attempt: number,
  { firstMs, maxMs }: BackOffOptions,
  random = Math.random(),
): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return full * (1 - random / 2);
}

/** Waits; resolves early, never rejects, when the signal is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal, ref: true });
  } catch {
    // Aborted: the caller looks at its signal.
  }
}
