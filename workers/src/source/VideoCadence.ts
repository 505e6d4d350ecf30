/** Intervals considered; 4 s at 30 fps. */
const windowFrames = 120;
const standardRates = [24, 25, 30, 50, 60, 10, 12, 15, 20, 48, 24000 / 1001, 30000 / 1001, 60000 / 1001];
/** FLV rounds to milliseconds and encoders jitter a little; within this a frame counts as on time. */
const onTimeMs = 3;
const lateMs = 6;
const agreement = 0.02;

/**
 * Measures frame rate, regularity, key-frame distance and reordering of one track, from decode times in ms.
 * Gaps longer than a second don't count as frame intervals.
 */
export class VideoCadence {
  private intervals: number[] = [];
  private lastMs: number | null = null;
  private lastKeyMs: number | null = null;
  private keyIntervals: number[] = [];
  private latestPresentationMs = -Infinity;
  private reordered = false;

  add(frame: { timeMs: number; compositionMs: number; key: boolean }): void {
    const interval = this.lastMs === null ? null : frame.timeMs - this.lastMs;
    if (interval !== null && interval < 1000) this.intervals.push(interval);
    if (this.intervals.length > windowFrames) this.intervals.shift();
    this.lastMs = frame.timeMs;
    if (frame.key) this.addKey(frame.timeMs);
    const presentationMs = frame.timeMs + frame.compositionMs;
    if (presentationMs < this.latestPresentationMs) this.reordered = true;
    this.latestPresentationMs = Math.max(this.latestPresentationMs, presentationMs);
  }

  private addKey(timeMs: number): void {
    if (this.lastKeyMs !== null) this.keyIntervals.push(timeMs - this.lastKeyMs);
    if (this.keyIntervals.length > 8) this.keyIntervals.shift();
    this.lastKeyMs = timeMs;
  }

  /** After a clock jump or a lost track: distances across it mean nothing. */
  interrupt(): void {
    this.lastMs = null;
    this.lastKeyMs = null;
    this.latestPresentationMs = -Infinity;
  }

  forgetGaps(longerThanMs: number): void {
    this.intervals = this.intervals.filter((interval) => interval <= longerThanMs);
  }

  get measuredFrames(): number {
    return this.intervals.length;
  }

  get hasBFrames(): boolean {
    return this.reordered;
  }

  /** Longest recent distance of key frames; what already passed since the last one counts when it is longer. */
  get keyFrameIntervalSec(): number | null {
    const running = this.lastMs !== null && this.lastKeyMs !== null ? this.lastMs - this.lastKeyMs : 0;
    const longest = Math.max(...this.keyIntervals, -Infinity);
    if (running > Math.max(longest, 2400)) return running / 1000;
    return longest > 0 ? longest / 1000 : null;
  }

  /** Frames per second as the clock shows it, holes left out; null before there are two frames. */
  get measuredRate(): number | null {
    const median = this.intervals.toSorted((a, b) => a - b)[this.intervals.length >> 1] ?? 0;
    const usual = this.intervals.filter((interval) => interval <= 4 * median);
    const total = usual.reduce((sum, interval) => sum + interval, 0);
    return total > 0 ? (1000 * usual.length) / total : null;
  }

  /** Every frame is on time, but for a few: `strict` allows none that is far off. */
  isConstant(rate: number, strict: boolean): boolean {
    if (this.intervals.length < 5) return true;
    const period = 1000 / rate;
    const off = this.intervals.filter(
      (interval) => Math.abs(interval - period) > (strict ? onTimeMs : lateMs),
    );
    const far = off.some((interval) => Math.abs(interval - period) > period / 2);
    return off.length <= this.intervals.length / 10 && !(strict && far);
  }
}

/**
 * The frame rate to call a track by: one that was said (parameter sets, metadata) when the clock agrees, else a
 * standard one near to what was measured, else the measured one.
 */
export function nameFrameRate(measured: number | null, said: readonly (number | null)[]): number {
  const known = said.filter((rate) => rate !== null && rate > 1 && rate <= 480) as number[];
  if (measured === null) return known[0] ?? 30;
  const near = (rate: number): boolean => Math.abs(rate / measured - 1) < agreement;
  return snap(known.find(near)) ?? nearest(standardRates.slice(0, 10).filter(near), measured) ?? measured;
}

/** 29.97 and 29.970 mean 30000/1001. */
function snap(rate: number | undefined): number | null {
  if (rate === undefined) return null;
  return standardRates.find((standard) => Math.abs(standard - rate) < 0.006) ?? rate;
}

function nearest(rates: readonly number[], to: number): number | null {
  return rates.reduce<number | null>(
    (best, rate) => (best === null || Math.abs(rate - to) < Math.abs(best - to) ? rate : best),
    null,
  );
}
