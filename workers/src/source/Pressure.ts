/** An encoder that keeps its writer waiting for more than this part of the time can't keep up. */
const slowShare = 0.5;
/** For so many windows in a row before something is done: a start or a burst is no reason. */
const patience = 4;

/**
 * Judges from how long the input had to wait for the encoder whether it keeps up with real time. Windows are cut by
 * the caller, a few seconds each. Pure.
 */
export class Pressure {
  private pausedSinceMs: number | null = null;
  private pausedMs = 0;
  private windowStartMs: number;
  private slowWindows = 0;

  constructor(nowMs: number) {
    this.windowStartMs = nowMs;
  }

  paused(nowMs: number): void {
    this.pausedSinceMs ??= nowMs;
  }

  resumed(nowMs: number): void {
    if (this.pausedSinceMs !== null) this.pausedMs += nowMs - this.pausedSinceMs;
    this.pausedSinceMs = null;
  }

  /** Ends a window. `overloaded`: it has been slow for so long that it has to be relieved; counts anew then. */
  judge(nowMs: number): 'fine' | 'slow' | 'overloaded' {
    const isPaused = this.pausedSinceMs !== null;
    this.resumed(nowMs);
    if (isPaused) this.paused(nowMs);
    const share = this.pausedMs / Math.max(1, nowMs - this.windowStartMs);
    this.pausedMs = 0;
    this.windowStartMs = nowMs;
    this.slowWindows = share > slowShare ? this.slowWindows + 1 : 0;
    if (this.slowWindows < patience) return this.slowWindows > 1 ? 'slow' : 'fine';
    this.slowWindows = 0;
    return 'overloaded';
  }
}
