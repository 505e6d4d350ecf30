import type { Sample } from '../cmaf/FragmentReader.ts';

/** A sample on the media timeline, in ticks of its track. */
export interface TimedSample {
  /** Place in decode order, counted so that a key frame's is its presentation time. */
  readonly decodeTicks: number;
  readonly presentTicks: number;
  /** How much earlier than that it is really decoded, the same for a whole leg: room for B-frames. */
  readonly leadTicks: number;
  readonly durationTicks: number;
  readonly isKey: boolean;
  readonly data: Uint8Array;
}

/** Puts a track's samples on the media timeline; null for a sample that can't be used. */
export interface SampleTimeline {
  place(sample: Sample): TimedSample | null;
}

/**
 * Video: the times of a segment are the presentation times of its key frames, also with B-frames, where everything is
 * decoded earlier than that by the first key frame's composition offset. (Offsets below zero would do without that
 * lead, but demuxers as widespread as ffmpeg's then show all frames late.) Frames before the first key frame can't be
 * decoded and are left out.
 */
export class VideoTimeline implements SampleTimeline {
  #leadTicks: number | null = null;

  place({ dts, cts, duration, isKey, data }: Sample): TimedSample | null {
    if (this.#leadTicks === null && !isKey) return null;
    this.#leadTicks ??= cts;
    const leadTicks = this.#leadTicks;
    return {
      decodeTicks: dts + leadTicks,
      presentTicks: dts + cts,
      leadTicks,
      durationTicks: duration,
      isKey,
      data,
    };
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
    const times = { decodeTicks: startTicks, presentTicks: startTicks, leadTicks: 0 };
    return { ...times, durationTicks: this.#frameTicks, isKey: true, data };
  }
}
