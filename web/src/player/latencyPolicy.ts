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
 * hls.js catches up by playing faster while the distance is under one target duration, and takes anything
 * beyond for DVR; a viewer who follows would stay late for ever after a long stall. Such a viewer jumps, but
 * seldom when jumping doesn't help (a slow network), so that it never becomes a chain of stalls.
 */
export function shouldJumpToLive(input: JumpInput): boolean {
  if (!input.following || !input.playing) return false;
  if (input.distanceSec < input.targetDurationSec + 0.3) return false;
  return input.sinceJumpMs >= minimumPauseMs * 2 ** Math.min(input.recentJumps, 5);
}

/** Without stalls for this long the wanted latency sinks by one step. */
const steadyBeforeRelaxSec = 12;
const relaxStepSec = 0.2;

/** The wanted latency after `steadySec` without a stall; never under the playlist's own hold back. */
export function relaxedTarget(currentSec: number, holdBackSec: number, steadySec: number): number {
  if (steadySec < steadyBeforeRelaxSec || currentSec <= holdBackSec) return currentSec;
  return Math.max(holdBackSec, currentSec - relaxStepSec);
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
