/** Where a segment begins, for all renditions. */
export interface Boundary {
  readonly msn: number;
  /** Media time. */
  readonly startSec: number;
  /** True when no key frame of the reference is there: the segment would have become too long. */
  readonly forced: boolean;
}

export interface SegmentClockOptions {
  readonly segmentTargetSec: number;
  /** No segment is planned longer than this. */
  readonly longestSegmentSec: number;
  readonly firstMsn: number;
}

/** A frame of the reference rendition; media time. */
export interface ReferenceFrame {
  readonly startSec: number;
  readonly endSec: number;
  readonly isKey: boolean;
  /** Longest distance of key frames of this rendition so far: how late the next one may be. 0 when unknown. */
  readonly keyIntervalSec: number;
}

/** A key frame may be half a frame early for its segment, as times are rounded; but not more than this. */
const LARGEST_TOLERANCE_SEC = 0.025;
/** A frame that is shown for longer than this has silence after it. */
export const SILENCE_SEC = 0.2;

/**
 * Decides where segments of one leg begin, from the frames of the reference rendition: at the first key frame a
 * segment target after the last boundary; at an earlier one if the next is expected too late for the longest
 * segment; without a key frame when there is no other way. Everybody cuts at its boundaries.
 */
export class SegmentClock {
  readonly #options: SegmentClockOptions;
  readonly #boundaries: Boundary[] = [];
  #watermarkSec = -Infinity;

  constructor(options: SegmentClockOptions) {
    this.#options = options;
  }

  get started(): boolean {
    return this.#boundaries.length > 0;
  }

  /** Every boundary before this media time is known; the next one is not earlier than it. */
  get watermarkSec(): number {
    return this.#watermarkSec;
  }

  get newest(): Boundary | undefined {
    return this.#boundaries.at(-1);
  }

  get oldest(): Boundary | undefined {
    return this.#boundaries[0];
  }

  /** Undefined when it isn't decided yet, or was forgotten. */
  boundary(msn: number): Boundary | undefined {
    const first = this.#boundaries[0];
    return first && this.#boundaries[msn - first.msn];
  }

  /** Takes the next frame; returns the boundaries that are new by it. The first frame is one. */
  observe(frame: ReferenceFrame): Boundary[] {
    const { startSec, endSec } = frame;
    const decidedSec = this.#watermarkSec;
    this.#watermarkSec = Math.max(decidedSec, endSec);
    if (!this.started) return [this.#cut(startSec, false), ...this.#cutSilence(startSec, endSec)];
    if (startSec < decidedSec - 1e-6) return [];
    const silence = this.#cutSilence(decidedSec, startSec);
    const own = this.#judge(frame);
    return [...silence, ...(own === null ? [] : [own]), ...this.#cutSilence(startSec, endSec)];
  }

  #judge({ startSec, endSec, isKey, keyIntervalSec }: ReferenceFrame): Boundary | null {
    const frameSec = Math.min(endSec - startSec, SILENCE_SEC);
    const elapsedSec = startSec - (this.newest?.startSec ?? startSec);
    const { segmentTargetSec, longestSegmentSec } = this.#options;
    const earliestSec = segmentTargetSec - Math.min(frameSec / 2, LARGEST_TOLERANCE_SEC);
    if (isKey && elapsedSec >= earliestSec) return this.#cut(startSec, false);
    if (isKey && elapsedSec + keyIntervalSec > longestSegmentSec) return this.#cut(startSec, false);
    if (elapsedSec > 0 && elapsedSec + frameSec > longestSegmentSec) return this.#cut(startSec, !isKey);
    return null;
  }

  /** Time in which the reference has no frame is cut into segments of the target length, none before `fromSec`. */
  #cutSilence(fromSec: number, untilSec: number): Boundary[] {
    const { segmentTargetSec, longestSegmentSec } = this.#options;
    const cuts: Boundary[] = [];
    for (let last = this.newest; last !== undefined; last = cuts.at(-1)) {
      if (untilSec - last.startSec <= longestSegmentSec) break;
      cuts.push(this.#cut(Math.max(last.startSec + segmentTargetSec, fromSec), true));
    }
    return cuts;
  }

  /** Nobody asks for boundaries before this one any more. */
  forgetBefore(msn: number): void {
    while (this.#boundaries.length > 1 && (this.#boundaries[0]?.msn ?? msn) < msn) this.#boundaries.shift();
  }

  #cut(startSec: number, forced: boolean): Boundary {
    const msn = (this.newest?.msn ?? this.#options.firstMsn - 1) + 1;
    const boundary = { msn, startSec, forced };
    this.#boundaries.push(boundary);
    return boundary;
  }
}
