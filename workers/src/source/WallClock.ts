const bucketMs = 10_000;

/**
 * Tells the wall clock of a media time. Of all tags of the last 10 to 20 s the one that came soonest after its time
 * counts, so that bursts and stalls on the way don't shift the mapping.
 */
export class WallClock {
  private bucketStartMs: number | null = null;
  private smallest = Infinity;
  private previousSmallest = Infinity;

  add(timeMs: number, arrivalMs: number): void {
    this.bucketStartMs ??= arrivalMs;
    if (arrivalMs - this.bucketStartMs > bucketMs) {
      this.previousSmallest = this.smallest;
      this.smallest = Infinity;
      this.bucketStartMs = arrivalMs;
    }
    this.smallest = Math.min(this.smallest, arrivalMs - timeMs);
  }

  /** Unix milliseconds; the first tag must have been added. */
  at(timeMs: number): number {
    return timeMs + Math.min(this.smallest, this.previousSmallest);
  }
}
