const stepUpSec = 0.4;
const stepDownSec = 0.2;
/** Without a stall for this long the target sinks by one step, again and again. */
const steadyMs = 12_000;

/**
 * The latency a viewer aims at: the playlist's hold back, more after stalls, less again once playback is steady. It
 * never creeps: what stalls added is given back.
 */
export class LatencyTarget {
  private extraSec = 0;
  private calmSinceMs = 0;

  /** Seconds more than the playlist asks for. */
  get extra(): number {
    return this.extraSec;
  }

  reset(): void {
    this.extraSec = 0;
  }

  stalled(nowMs: number, targetDurationSec: number): void {
    this.extraSec = Math.min(this.extraSec + stepUpSec, targetDurationSec);
    this.calmSinceMs = nowMs;
  }

  tick(nowMs: number): void {
    if (this.extraSec === 0 || nowMs - this.calmSinceMs < steadyMs) return;
    this.extraSec = Math.max(0, this.extraSec - stepDownSec);
    this.calmSinceMs = nowMs;
  }
}
