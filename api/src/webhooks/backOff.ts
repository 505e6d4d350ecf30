/** How many of the first waits it takes until the next attempt: with 5 seconds, eleven attempts in 28 hours. */
const factors = [1, 6, 24, 120, 360, 720, 1_440, 2_880, 5_760, 8_640];
const restMaxMs = 300_000;

/** How long after an attempt (1, 2, ...) that failed the next one comes; null: it was the last one. `chance`: 0 to 1. */
export function retryMs(attempt: number, firstMs: number, chance: number): number | null {
  const factor = factors[attempt - 1];
  // Up to a tenth more, so that what failed together doesn't come back together.
  return factor === undefined ? null : Math.round(firstMs * factor * (1 + chance / 10));
}

/** How long an endpoint is left alone after so many failures without a success: one that is dead costs one attempt in five minutes. */
export function restMs(failures: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(failures - 1, 20), restMaxMs);
}
