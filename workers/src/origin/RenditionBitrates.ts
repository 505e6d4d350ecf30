import type { Rendition } from '../live/events.ts';
import { announcedBitrates, type Bitrates } from './announcedBitrates.ts';
import { BitrateMeter } from './BitrateMeter.ts';
import type { OpenSegment } from './OpenSegment.ts';
import type { SegmentRecord } from './playlists/records.ts';

/** Room for key frames larger than those seen so far: a new picture makes them so. */
const I_FRAME_PEAK_FACTOR = 1.5;

/** What is measured of a rendition and what the multivariant playlist says of it. */
export class RenditionBitrates {
  readonly #rendition: Rendition;
  readonly #targetDurationSec: number;
  readonly #meter: BitrateMeter;
  #iFramePeakBps = 0;

  constructor(rendition: Rendition, targetDurationSec: number) {
    this.#rendition = rendition;
    this.#targetDurationSec = targetDurationSec;
    this.#meter = new BitrateMeter(targetDurationSec);
  }

  add(segment: SegmentRecord): void {
    this.#meter.add(segment.byteLength, segment.durationSec);
    const bits = 8 * segment.keyFrames.reduce((sum, { length }) => sum + length, 0);
    if (segment.durationSec >= this.#targetDurationSec / 2)
      this.#iFramePeakBps = Math.max(this.#iFramePeakBps, bits / segment.durationSec);
  }

  /** Before the first complete segment the open one is all there is to judge by. */
  announced(open: OpenSegment | null): Bitrates & { readonly iFramePeakBps: number } {
    const iFrameBps = this.#iFramePeakBps || (8 * (open?.keyFrameBytes ?? 0)) / this.#targetDurationSec;
    return {
      ...announcedBitrates(this.#rendition, this.#measured(open)),
      iFramePeakBps: iFrameBps * I_FRAME_PEAK_FACTOR,
    };
  }

  #measured(open: OpenSegment | null): Bitrates {
    if (this.#meter.peakBps > 0) return this.#meter;
    const bps = open && open.durationSec > 0 ? (open.byteLength * 8) / open.durationSec : 0;
    return { peakBps: bps, averageBps: bps };
  }
}
