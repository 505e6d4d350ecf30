import type { Sample } from '../cmaf/FragmentReader.ts';

/** A sample on the media timeline, in ticks of its track. */
export interface TimedSample {
  /** Decode time as planned; equal to the presentation time for key frames and audio. */
  readonly decodeTicks: number;
  readonly presentTicks: number;
  readonly durationTicks: number;
  readonly isKey: boolean;
  readonly data: Uint8Array;
}

/** Puts a track's samples on the media timeline; null for a sample that can't be used. */
export interface SampleTimeline {
  place(sample: Sample): TimedSample | null;
}

/**
 * Video: all decode times are moved by the first key frame's composition offset, so that a key frame is decoded when
 * it is shown and a segment's times are its presentation times, also with B-frames (whose offsets get negative then:
 * CMAF brand cmf2). Frames before the first key frame can't be decoded and are left out.
 */
export class VideoTimeline implements SampleTimeline {
  #offsetTicks: number | null = null;

  place({ dts, cts, duration, isKey, data }: Sample): TimedSample | null {
    if (this.#offsetTicks === null && !isKey) return null;
    this.#offsetTicks ??= cts;
    const decodeTicks = dts + this.#offsetTicks;
    return { decodeTicks, presentTicks: dts + cts, durationTicks: duration, isKey, data };
  }
}

/**
 * Audio: frames are put one after the other exactly, since each holds the same number of samples whatever rounded
 * times say. Only a difference above the tolerance is a gap, or a frame too many, which is left out.
 */
export class AudioTimeline implements SampleTimeline {
  readonly #frameTicks: number;
  readonly #toleranceTicks: number;
  #nextTicks: number | null = null;

  constructor(frameTicks: number) {
    this.#frameTicks = frameTicks;
    this.#toleranceTicks = frameTicks / 2;
  }

  place({ dts, data }: Sample): TimedSample | null {
    const differenceTicks = this.#nextTicks === null ? 0 : dts - this.#nextTicks;
    if (differenceTicks < -this.#toleranceTicks) return null;
    const isGap = this.#nextTicks === null || differenceTicks > this.#toleranceTicks;
    const startTicks = isGap ? dts : (this.#nextTicks ?? dts);
    this.#nextTicks = startTicks + this.#frameTicks;
    const times = { decodeTicks: startTicks, presentTicks: startTicks, durationTicks: this.#frameTicks };
    return { ...times, isKey: true, data };
  }
}
