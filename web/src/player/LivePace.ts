/** What decides how fast a viewer at the live edge plays. */
export interface PaceInput {
  /** The viewer wants to be at the edge; others play at their own place and pace. */
  readonly following: boolean;
  readonly latencySec: number | null;
  readonly targetSec: number;
  readonly bufferedAheadSec: number;
}

const normal = 1;
/** Within this of the target nothing is changed: each change of pace is a small disturbance of the sound. */
const calmSec = 0.15;
const reachedSec = 0.03;

/**
 * Playback rate that brings a following viewer to the wanted latency: a little faster when late, a little slower
 * when so near to the edge that the next late part would be a stall. Changes of up to a tenth are hardly heard.
 */
export function paceRate(input: PaceInput, currentRate: number): number {
  const { following, latencySec, targetSec, bufferedAheadSec } = input;
  if (!following || latencySec === null) return normal;
  const lateSec = latencySec - targetSec;
  const enough = bufferedAheadSec > Math.max(0.4, targetSec / 2);
  if (enough && lateSec > (currentRate > normal ? reachedSec : calmSec)) return lateSec > 0.6 ? 1.1 : 1.05;
  if (lateSec < (currentRate < normal ? -reachedSec : -calmSec)) return bufferedAheadSec < 0.3 ? 0.9 : 0.95;
  return normal;
}

/** A hold longer than this, while media arrives, doesn't wait for more of it: something else is wrong. */
const longestHoldMs = 2_500;

/** How much has to be there again before playback goes on after a stall at the live edge. */
export function refillGoalSec(targetSec: number): number {
  return Math.min(3, Math.max(0.4, targetSec - 0.3));
}

/**
 * A stall at the edge is followed by the next one if playback goes on with the first part that arrives. The pace is
 * held at zero until a buffer of the wanted latency has formed, which also keeps that latency.
 */
export class LivePace {
  private heldSinceMs: number | null = null;

  get holding(): boolean {
    return this.heldSinceMs !== null;
  }

  stalled(nowMs: number): void {
    this.heldSinceMs ??= nowMs;
  }

  release(): void {
    this.heldSinceMs = null;
  }

  /** `arrivingMs`: for how long the edge has been moving. Zero means to hold still. */
  rate(input: PaceInput, arrivingMs: number, currentRate: number, nowMs: number): number {
    if (this.heldSinceMs !== null) {
      const heldMs = Math.min(nowMs - this.heldSinceMs, arrivingMs);
      const refilled = input.bufferedAheadSec >= refillGoalSec(input.targetSec);
      if (input.following && !refilled && heldMs < longestHoldMs) return 0;
      this.release();
    }
    return paceRate(input, currentRate);
  }
}
