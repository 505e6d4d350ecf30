/** How many of the first waits it takes until the next attempt: with 5 seconds, eleven attempts in 28 hours. */
const factors = [1, 6, 24, 120, 360, 720, 1_440, 2_880, 5_760, 8_640];
const restMaxMs = 300_000;
/** Longer is nobody waited for: messages would wait for ever. */
const wishMaxMs = 3_600_000;

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

/** How long an endpoint that has too much to do (429, 503) asks to be left alone by `Retry-After`: an hour at most. */
export function wishedMs(status: number, retryAfterSec: number | null): number {
  return status === 429 || status === 503 ? Math.min((retryAfterSec ?? 0) * 1_000, wishMaxMs) : 0;
}
