/** 1 to 4 bars of a network score from 0 (unusable) to 10 (perfect). */
export function barsOf(score: number): number {
  if (score >= 9) return 4;
  if (score >= 7) return 3;
  return score >= 4 ? 2 : 1;
}

/** Share of a meter for an effective amplitude: -60 dBFS is nothing, -6 dBFS is full. */
export function meterShare(amplitude: number): number {
  if (amplitude <= 0) return 0;
  const dBFS = 20 * Math.log10(amplitude);
  return Math.min(1, Math.max(0, (dBFS + 60) / 54));
}
