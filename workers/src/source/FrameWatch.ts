import type { FrameCounts } from '@maydan/contracts';
import { nameFrameRate } from './VideoCadence.ts';

interface Second {
  readonly startMs: number;
  received: number;
  missing: number;
  late: number;
  mostLateMs: number;
  dropped: number;
}

const windowMs = 10_000;
const secondMs = 1_000;
/** Intervals that say how the source runs. */
const recentFrames = 60;
/** Intervals fit a rate when the middle one is so near: FLV rounds to milliseconds. */
const fitMs = 0.75;
/** Most intervals differ by no more in a source that nobody says a rate of. */
const nearMs = 2;
/** So much of a frame too late is a frame that is missing; less is jitter, which is forgotten by and by. */
const hole = 0.75;
const kept = 0.95;
/** A publisher whose picture was away for longer had switched it off. */
const longestHoleMs = 6_000;
const lateAfterMs = 500;
/** This share of the frames may come sooner than in time: encoders may begin with a burst of what they had ready. */
const early = 0.2;
/** What is in time isn't known before. */
const learningMs = 3_000;

/** Counts what of a publisher's frames never came, came late or had to be left out, in the last ten seconds. Pure. */
export class FrameWatch {
  #seconds: Second[] = [];
  #intervals: number[] = [];
  #lastMs: number | null = null;
  #behindMs = 0;
  #rate: number | null = null;
  /** From the publisher's clock to the arrival, of the frames of the last ten seconds. */
  #offsets: { readonly atMs: number; readonly ms: number }[] = [];
  #inTimeMs: number | null = null;
  #heldUp: { readonly untilMs: number; readonly forMs: number }[] = [];

  /**
   * @param timeMs decode time on the publisher's clock
   * @param said frame rates that the publisher announces
   */
  add(timeMs: number, arrivalMs: number, said: readonly (number | null)[]): void {
    const second = this.#second(arrivalMs);
    second.received += 1;
    const intervalMs = this.#lastMs === null ? null : timeMs - this.#lastMs;
    this.#lastMs = timeMs;
    if (intervalMs !== null) this.#follow(second, intervalMs, said);
    const offsetMs = arrivalMs - timeMs;
    this.#offsets.push({ atMs: arrivalMs, ms: offsetMs });
    const ownMs = offsetMs - (this.#inTimeMs ?? offsetMs) - this.#heldUpMs(arrivalMs);
    if (ownMs <= lateAfterMs) return;
    second.late += 1;
    second.mostLateMs = Math.max(second.mostLateMs, Math.round(ownMs));
  }

  /** We ourselves didn't read on for so long: what comes late then isn't the publisher's fault. */
  heldUp(forMs: number, untilMs: number): void {
    this.#heldUp = this.#heldUp.filter((one) => untilMs - one.untilMs < windowMs);
    this.#heldUp.push({ untilMs, forMs });
  }

  /** So many of those that came can be shown to nobody. */
  dropped(count: number): void {
    const newest = this.#seconds.at(-1);
    if (newest !== undefined) newest.dropped += count;
  }

  /** Another picture from here on, which may have another rate. */
  configured(): void {
    this.#rate = null;
    this.#intervals = [];
    this.#behindMs = 0;
  }

  counts(nowMs: number): FrameCounts {
    const seconds = this.#recent(nowMs);
    const sum = (read: (second: Second) => number): number =>
      seconds.reduce((total, second) => total + read(second), 0);
    const firstMs = seconds[0]?.startMs ?? nowMs;
    return {
      windowSec: Math.round(Math.min(windowMs, Math.max(0, nowMs - firstMs)) / 100) / 10,
      received: sum(({ received }) => received),
      missing: this.#rate === null ? null : sum(({ missing }) => missing),
      late: sum(({ late }) => late),
      mostLateMs: Math.max(0, ...seconds.map(({ mostLateMs }) => mostLateMs)),
      dropped: sum(({ dropped }) => dropped),
    };
  }

  #follow(second: Second, intervalMs: number, said: readonly (number | null)[]): void {
    this.#intervals.push(intervalMs);
    if (this.#intervals.length > recentFrames) this.#intervals.shift();
    this.#rate ??= this.#steadyRate(said);
    if (this.#rate === null || intervalMs > longestHoleMs) {
      this.#behindMs = 0;
      return;
    }
    const periodMs = 1_000 / this.#rate;
    let behindMs = this.#behindMs * kept + intervalMs - periodMs;
    for (; behindMs > hole * periodMs; behindMs -= periodMs) second.missing += 1;
    this.#behindMs = Math.max(behindMs, -periodMs);
  }

  /** The rate that the source has shown to keep; null before it has. */
  #steadyRate(said: readonly (number | null)[]): number | null {
    if (this.#intervals.length < recentFrames / 2) return null;
    const middle = this.#intervals.toSorted((a, b) => a - b)[this.#intervals.length >> 1] ?? 0;
    const whole = this.#intervals.filter((interval) => interval <= 1.6 * middle);
    const near = whole.filter((interval) => Math.abs(interval - middle) <= nearMs);
    const isSteady = near.length > this.#intervals.length / 2;
    const mean = whole.reduce((sum, interval) => sum + interval, 0) / whole.length;
    const fits = (rate: number | null): boolean => rate !== null && Math.abs(1_000 / rate - mean) <= fitMs;
    const announced = said.find((rate) => rate !== null && rate > 1 && rate <= 480 && fits(rate));
    if (announced !== undefined) return announced;
    return isSteady ? nameFrameRate(1_000 / mean, []) : null;
  }

  #second(nowMs: number): Second {
    const newest = this.#seconds.at(-1);
    if (newest !== undefined && nowMs - newest.startMs < secondMs) return newest;
    const second = { startMs: nowMs, received: 0, missing: 0, late: 0, mostLateMs: 0, dropped: 0 };
    this.#seconds = [...this.#recent(nowMs), second];
    this.#learn(nowMs);
    return second;
  }

  #learn(nowMs: number): void {
    const oldest = this.#offsets[0];
    if (oldest === undefined || (this.#inTimeMs === null && nowMs - oldest.atMs < learningMs)) return;
    this.#offsets = this.#offsets.filter(({ atMs }) => nowMs - atMs < windowMs);
    const sorted = this.#offsets.map(({ ms }) => ms).toSorted((a, b) => a - b);
    this.#inTimeMs = sorted[Math.floor(sorted.length * early)] ?? this.#inTimeMs;
  }

  #recent(nowMs: number): Second[] {
    return this.#seconds.filter(({ startMs }) => nowMs - startMs < windowMs);
  }

  #heldUpMs(nowMs: number): number {
    return this.#heldUp.reduce(
      (sum, { untilMs, forMs }) => sum + (nowMs - untilMs < windowMs ? forMs : 0),
      0,
    );
  }
}
