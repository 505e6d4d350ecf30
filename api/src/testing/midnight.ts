import { setTimeout as delay } from 'node:timers/promises';

const dayMs = 86_400_000;

/** Waits for midnight (UTC) when it is near: what is counted by days is asked for on the day on which it was done. */
export async function farFromMidnight(leastMs = 120_000): Promise<void> {
  const leftMs = dayMs - (Date.now() % dayMs);
  if (leftMs < leastMs) await delay(leftMs + 1_000);
}
