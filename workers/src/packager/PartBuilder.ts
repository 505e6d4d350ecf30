import { buildFragments, type Fragment, type FragmentSample } from '../cmaf/buildFragment.ts';
import { SHORTEST_PART } from './partTarget.ts';
import type { TimedSample } from './SampleTimeline.ts';

/** A part as bytes; times in ticks of the track. */
export interface BuiltPart {
  readonly startTicks: number;
  readonly durationTicks: number;
  /** The moof+mdat of each key frame within `bytes`; empty for audio. */
  readonly keyFrames: readonly {
    readonly offset: number;
    readonly length: number;
    readonly presentTicks: number;
  }[];
  /** Holds a key frame; true for audio. */
  readonly independent: boolean;
  readonly bytes: Uint8Array;
}

export interface PartBuilderOptions {
  readonly kind: 'video' | 'audio';
  readonly trackId: number;
  readonly timescale: number;
  readonly partTargetSec: number;
}

/** What is printed is rounded to five decimals: the shortest part keeps its 85 % also then. */
const PRINTED_SEC = 1e-5;
/** Times of frames may be rounded to milliseconds: the next frame may be shorter than the last by this. */
const JITTER_SEC = 0.002;

/**
 * Cuts the samples of one rendition into parts of 85 to 100 % of the part target.
 *
 * A part is complete as soon as another frame like the last one would be too much; nothing is waited for. Where frames
 * don't come evenly (one is missing, or far too long), the decode times of video are moved: a part ends at its limit
 * although the frame in it is shown longer, and the next frame is decoded early but still shown when it should be,
 * through its composition offset. Presentation times never change. Audio can't be moved: a gap stays a gap.
 */
export class PartBuilder {
  readonly #options: PartBuilderOptions;
  readonly #shortestTicks: number;
  readonly #longestTicks: number;
  readonly #jitterTicks: number;
  #samples: TimedSample[] = [];
  /** Where the open part begins: the end of the one before. */
  #startTicks: number;
  #sequenceNumber = 0;

  /** @param startTicks where the first part begins at the earliest. */
  constructor(options: PartBuilderOptions, startTicks: number) {
    this.#options = options;
    const { timescale, partTargetSec } = options;
    this.#longestTicks = Math.floor(partTargetSec * timescale + 1e-6);
    const shortestSec = partTargetSec * SHORTEST_PART + PRINTED_SEC;
    this.#shortestTicks = Math.min(this.#longestTicks, Math.ceil(shortestSec * timescale));
    this.#jitterTicks = Math.ceil(JITTER_SEC * timescale);
    this.#startTicks = startTicks;
  }

  /** Decode time at which the next part begins, as far as it is known. */
  get startTicks(): number {
    return this.#startTicks;
  }

  get isEmpty(): boolean {
    return this.#samples.length === 0;
  }

  /**
   * A new segment begins, with a sample of this decode time. Its fragments are numbered in a range of their own, the
   * same after a restart as without one. After a silence longer than a part, video too begins where its frame does.
   */
  startSegment(msn: number, decodeTicks: number): void {
    this.#sequenceNumber = msn * 1024;
    this.#moveStart(decodeTicks);
    if (decodeTicks - this.#startTicks > this.#longestTicks) this.#startTicks = decodeTicks;
  }

  /** Adds a sample; returns the parts that are complete by that, none to two. */
  add(sample: TimedSample): BuiltPart[] {
    const parts: BuiltPart[] = [];
    const close = (endTicks: number): void => {
      const part = this.finish(endTicks);
      if (part !== null) parts.push(part);
    };
    const endTicks = sample.decodeTicks + sample.durationTicks;
    const beforeTicks = sample.decodeTicks - this.#startTicks;
    const tooLong = endTicks - this.#startTicks > this.#longestTicks;
    const isGap = this.#options.kind === 'audio' && beforeTicks > this.#longestTicks;
    if (!this.isEmpty && tooLong && (beforeTicks >= this.#shortestTicks || isGap)) close(sample.decodeTicks);
    this.#moveStart(sample.decodeTicks);
    this.#samples.push(sample);
    const lengthTicks = endTicks - this.#startTicks;
    const nextTicks = lengthTicks + Math.max(sample.durationTicks - this.#jitterTicks, 0);
    if (lengthTicks >= this.#shortestTicks && nextTicks > this.#longestTicks) close(endTicks);
    return parts;
  }

  /**
   * Completes the open part, however short, because its segment ends. Null when there is no sample in it.
   * @param endTicks where it should end, if it isn't where its last sample does; kept within the part target.
   */
  finish(endTicks?: number): BuiltPart | null {
    const samples = this.#samples;
    const last = samples.at(-1);
    if (last === undefined) return null;
    this.#samples = [];
    const start = this.#startTicks;
    const wanted = endTicks ?? last.decodeTicks + last.durationTicks;
    const end = Math.max(Math.min(wanted, start + this.#longestTicks), start + samples.length);
    this.#startTicks = end;
    return this.#build(samples, start, end);
  }

  /** Audio frames can't be decoded early: an empty part begins where its first frame does. */
  #moveStart(ticks: number): void {
    if (this.isEmpty && this.#options.kind === 'audio') this.#startTicks = Math.max(this.#startTicks, ticks);
  }

  #build(samples: readonly TimedSample[], start: number, end: number): BuiltPart {
    const fragments = this.#split(samples, decodeTimes(samples, start, end), end);
    const { bytes, offsets } = buildFragments(fragments);
    const keyFrames = fragments.flatMap(({ presentTicks }, index) => {
      const offset = offsets[index] ?? 0;
      const length = (offsets[index + 1] ?? bytes.length) - offset;
      return presentTicks === null ? [] : [{ offset, length, presentTicks }];
    });
    const independent = this.#options.kind === 'audio' || keyFrames.length > 0;
    return { startTicks: start, durationTicks: end - start, keyFrames, independent, bytes };
  }

  /** One fragment for each key frame of video, one for the samples between; `presentTicks` is a key frame's. */
  #split(samples: readonly TimedSample[], times: readonly number[], end: number): PartFragment[] {
    const { trackId, kind } = this.#options;
    const fragments: PartFragment[] = [];
    samples.forEach((sample, index) => {
      const ticks = times[index] ?? sample.decodeTicks;
      const { presentTicks, leadTicks, isKey, data } = sample;
      const baseMediaDecodeTime = ticks - leadTicks;
      const duration = (times[index + 1] ?? end) - ticks;
      const item = { duration, cts: presentTicks - baseMediaDecodeTime, isKey, data };
      const isKeyFrame = isKey && kind === 'video';
      const current = fragments.at(-1);
      if (current !== undefined && !isKeyFrame && current.presentTicks === null) current.samples.push(item);
      else {
        this.#sequenceNumber += 1;
        const header = { sequenceNumber: this.#sequenceNumber, trackId, baseMediaDecodeTime };
        fragments.push({ ...header, samples: [item], presentTicks: isKeyFrame ? presentTicks : null });
      }
    });
    return fragments;
  }
}

interface PartFragment extends Fragment {
  readonly samples: FragmentSample[];
  readonly presentTicks: number | null;
}

/** Decode times within a part: as planned, but from its start to its end and each at least a tick after the last. */
function decodeTimes(samples: readonly TimedSample[], start: number, end: number): number[] {
  let earliest = start;
  return samples.map(({ decodeTicks }, index) => {
    const latest = end - (samples.length - index);
    const ticks = index === 0 ? start : Math.max(earliest, Math.min(decodeTicks, latest));
    earliest = ticks + 1;
    return ticks;
  });
}
