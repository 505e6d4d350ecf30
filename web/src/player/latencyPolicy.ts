/** Facts of a moment that decide whether a viewer is moved to the live edge. */
export interface JumpInput {
  /** The viewer wants to be at the edge (has not paused or gone back). */
  readonly following: boolean;
  readonly playing: boolean;
  /** Seconds between the playhead and where a following viewer should be. */
  readonly distanceSec: number;
  readonly targetDurationSec: number;
  /** Milliseconds since the last jump, Infinity when there was none. */
  readonly sinceJumpMs: number;
  /** Jumps made in the last minutes: each doubles the wait for the next. */
  readonly recentJumps: number;
}

const minimumPauseMs = 4_000;

/**
 * Playing faster mends a short distance; one of more than a target duration would take a minute. A following
 * viewer that far behind jumps, but seldom when jumping doesn't help (a slow network), so that it never becomes a
 * chain of stalls.
 */
export function shouldJumpToLive(input: JumpInput): boolean {
  if (!input.following || !input.playing) return false;
  if (input.distanceSec < input.targetDurationSec + 0.3) return false;
  return input.sinceJumpMs >= minimumPauseMs * 2 ** Math.min(input.recentJumps, 5);
}

/**
 * Latency to show. The wall clock (program date-time) counts encoding and packaging too, but needs a viewer's
 * clock that is right; when it contradicts the distance from the edge, that distance is all we know.
 */
export function shownLatencySec(
  edgeLatencySec: number | null,
  dateMs: number | null,
  nowMs: number,
): number | null {
  if (edgeLatencySec === null) return null;
  if (dateMs === null) return edgeLatencySec;
  const wallClockSec = (nowMs - dateMs) / 1000;
  const plausible = wallClockSec >= edgeLatencySec - 0.5 && wallClockSec <= edgeLatencySec + 8;
  return plausible ? Math.max(0, wallClockSec) : edgeLatencySec;
}
