import type { SenderReport } from './senderReport.ts';
import { Unwrapper } from './Unwrapper.ts';

/** The least of what was told within a span of time, in windows; follows a slow drift, not the jitter. */
export class RecentLeast {
  readonly #spanMs: number;
  #windows: { untilMs: number; least: number }[] = [];
  /** Kept, since it is asked for with every packet. */
  #value: number | null = null;

  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** Null before anything was told. */
  get value(): number | null {
    return this.#value;
  }

  add(value: number, nowMs: number): void {
    const first = this.#windows[0];
    if (first !== undefined && nowMs - first.untilMs >= this.#spanMs) this.#forget(nowMs);
    const newest = this.#windows.at(-1);
    if (newest === undefined || nowMs >= newest.untilMs) {
      this.#windows.push({ untilMs: nowMs + this.#spanMs / 8, least: value });
    } else {
      newest.least = Math.min(newest.least, value);
    }
    this.#value = Math.min(value, this.#value ?? value);
  }

  #forget(nowMs: number): void {
    this.#windows = this.#windows.filter(({ untilMs }) => nowMs - untilMs < this.#spanMs);
    this.#value = this.#windows.length === 0 ? null : Math.min(...this.#windows.map(({ least }) => least));
  }
}

const arrivalSpanMs = 10_000;
const reportSpanMs = 60_000;

/**
 * Where the wall clock of an sfu node stands on ours: reports arrive a moment after they were made, so the least
 * difference is the true one but for the shortest way over the network. All streams of the node share it.
 */
export class NodeClock {
  readonly #ahead = new RecentLeast(reportSpanMs);

  heard(report: SenderReport, nowMs: number): void {
    this.#ahead.add(nowMs - report.ntpMs, nowMs);
  }

  /** Null before any report. */
  toLocalMs(ntpMs: number): number | null {
    const ahead = this.#ahead.value;
    return ahead === null ? null : ntpMs + ahead;
  }
}

/** Nobody captures after the sfu has it, nor this long before; reports that say so aren't believed. */
const earliestCaptureMs = 3_000;
const toleranceMs = 50;
/** Mappings this far apart are a jump of the source; nearer ones are approached slowly, so that nobody hears it. */
const jumpMs = 80;
/** What comes that long after (or before) its capture wasn't on its way for so long: the source's clock was set or stood still. */
const impossibleMs = 5_000;
/** So many packets in a row, since one may be a copy that went astray. */
const enoughLate = 10;
/** Share of the difference that is made good by each report. */
const approach = 0.25;

/**
 * Tells when what carries an RTP timestamp was captured, on the local clock (ms). By the sfu's sender reports, which map the
 * capture instants of all streams of a sender to one clock (lip sync); until there is one, by the arrival of the fastest packets.
 */
export class StreamClock {
  readonly #node: NodeClock;
  readonly #clockRate: number;
  readonly #timestamps = new Unwrapper(32);
  #arrival = new RecentLeast(arrivalSpanMs);
  #lateInRow = 0;
  /** Local time of RTP time 0 by the reports. */
  #reported: number | null = null;

  constructor(node: NodeClock, clockRate: number) {
    this.#node = node;
    this.#clockRate = clockRate;
  }

  /** To be called with every packet as it comes; returns its RTP time in ms on a line that never wraps. */
  arrived(timestamp: number, nowMs: number): number {
    const mediaMs = (this.#timestamps.unwrap(timestamp) * 1_000) / this.#clockRate;
    this.#follow(nowMs - mediaMs);
    this.#arrival.add(nowMs - mediaMs, nowMs);
    return mediaMs;
  }

  /** Begins anew behind a jump of the source's clock, which would else show what comes long ago or not for long. */
  #follow(origin: number): void {
    const known = this.#reported ?? this.#arrival.value ?? origin;
    this.#lateInRow = origin - known > impossibleMs ? this.#lateInRow + 1 : 0;
    if (known - origin > impossibleMs) this.#reported = null;
    if (this.#lateInRow < enoughLate) return;
    this.#lateInRow = 0;
    this.#reported = null;
    this.#arrival = new RecentLeast(arrivalSpanMs);
  }

  /** A sender report of this stream. Those before the first packet say nothing yet. */
  reported(report: SenderReport): void {
    const byArrival = this.#arrival.value;
    const localMs = this.#node.toLocalMs(report.ntpMs);
    if (byArrival === null || localMs === null) return;
    const mediaMs = (this.#timestamps.unwrap(report.timestamp) * 1_000) / this.#clockRate;
    const origin = localMs - mediaMs;
    if (origin > byArrival + toleranceMs || origin < byArrival - earliestCaptureMs) return;
    const known = this.#reported;
    const isNear = known !== null && Math.abs(origin - known) < jumpMs;
    this.#reported = isNear ? known + (origin - known) * approach : origin;
  }

  /** `mediaMs` as `arrived` gave it. */
  captureMs(mediaMs: number): number {
    return mediaMs + (this.#reported ?? this.#arrival.value ?? 0);
  }
}
