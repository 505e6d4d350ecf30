const tries = 3;

/**
 * Measures how long something takes until it is within a limit, a few times at most; gives the quickest. What stands still on a busy
 * machine makes a measurement longer and never shorter: what always takes longer than the limit is still found out.
 */
export async function quickest<T extends { readonly tookMs: number }>(
  measure: () => Promise<T>,
  limitMs: number,
): Promise<T> {
  let best = await measure();
  for (let more = 1; more < tries && best.tookMs >= limitMs; more++) {
    const next = await measure();
    if (next.tookMs < best.tookMs) best = next;
  }
  return best;
}
