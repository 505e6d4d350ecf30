/** The live edge counts as moving while it moved within this time. */
const stillMovingMs = 3_000;

/** Tells for how long the live edge has been moving without a pause. */
export class EdgeClock {
  private edgeSec = 0;
  private movedAtMs = -Infinity;
  private movingSinceMs: number | null = null;

  reset(): void {
    this.movingSinceMs = null;
    this.movedAtMs = -Infinity;
  }

  /** Milliseconds since the edge last moved. */
  sinceMoveMs(nowMs: number): number {
    return nowMs - this.movedAtMs;
  }

  /** Called regularly with the edge; milliseconds since it began to move, 0 while it stands still. */
  movingMs(edgeSec: number, nowMs: number): number {
    if (edgeSec !== this.edgeSec) {
      this.edgeSec = edgeSec;
      if (nowMs - this.movedAtMs > stillMovingMs) this.movingSinceMs = nowMs;
      this.movedAtMs = nowMs;
    }
    if (this.movingSinceMs === null || nowMs - this.movedAtMs > stillMovingMs) return 0;
    return nowMs - this.movingSinceMs;
  }
}
