import { FragmentReader, type Sample } from '../cmaf/FragmentReader.ts';
import type { TrackInit } from '../cmaf/initSegment.ts';
import type { Rendition } from '../live/events.ts';
import { AudioTimeline, VideoTimeline, type SampleTimeline, type TimedSample } from './SampleTimeline.ts';
import { SILENCE_SEC, type Boundary } from './SegmentClock.ts';
import type { SegmentWriter } from './SegmentWriter.ts';

/** Samples of one AAC-LC frame. */
const AUDIO_FRAME_TICKS = 1024;
/**
 * A key frame this part of a frame from a boundary begins the segment there. Encoders round the times of a frame to
 * their own grid, so the same frame may differ by half a frame between renditions.
 */
const KEY_FRAME_TOLERANCE = 0.75;

/** One rendition during one leg: its bytes, the samples that wait, and what is written of them. */
export class LegTrack {
  readonly rendition: Rendition;
  readonly writer: SegmentWriter;
  /** More samples may come. */
  open: boolean;
  /** It fell behind so far that others no longer wait for it. */
  stalled = false;
  /** Media time of the end of the last sample written in this leg; null before the first. */
  writtenToSec: number | null = null;
  readonly #reader: FragmentReader;
  readonly #timeline: SampleTimeline;
  readonly #frameSec: number;
  #timescale = 1;
  #shiftSec = 0;
  #shiftTicks = 0;
  #queue: TimedSample[] = [];
  #sinceKeySec: number | null = null;
  #keyIntervalSec = 0;

  constructor(rendition: Rendition, writer: SegmentWriter, open: boolean) {
    this.rendition = rendition;
    this.writer = writer;
    this.open = open;
    const isVideo = rendition.kind === 'video';
    this.#timeline = isVideo ? new VideoTimeline() : new AudioTimeline(AUDIO_FRAME_TICKS);
    this.#frameSec =
      isVideo && rendition.frameRate > 0 ? 1 / rendition.frameRate : AUDIO_FRAME_TICKS / 48_000;
    this.#reader = new FragmentReader({
      onInit: (track) => {
        this.#begin(track);
      },
      onSample: (sample) => {
        this.#take(sample);
      },
    });
  }

  /** @throws FragmentError */
  read(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  get hasSamples(): boolean {
    return this.#queue.length > 0;
  }

  /** It has, or may still get, samples. */
  get isActive(): boolean {
    return this.open || this.hasSamples;
  }

  /** The oldest sample that waits. */
  peek(): TimedSample | undefined {
    return this.#queue[0];
  }

  /** The oldest sample that waits, which then waits no more. */
  take(): TimedSample | undefined {
    return this.#queue.shift();
  }

  /** Longest distance of key frames so far, not counting time without frames; 0 before the second one. */
  get keyIntervalSec(): number {
    return this.#keyIntervalSec;
  }

  /** Media time of the oldest sample that waits, and of the end of the newest. */
  get waiting(): { fromSec: number; toSec: number } | null {
    const [first] = this.#queue;
    const last = this.#queue.at(-1);
    if (first === undefined || last === undefined) return null;
    return { fromSec: this.startSec(first), toSec: this.endSec(last) };
  }

  startSec({ decodeTicks }: TimedSample): number {
    return decodeTicks / this.#timescale;
  }

  endSec({ decodeTicks, durationTicks }: TimedSample): number {
    return (decodeTicks + durationTicks) / this.#timescale;
  }

  /** Moves this leg's samples later on the media timeline, those that wait and those to come. */
  shiftBy(sec: number): void {
    this.#shiftSec += sec;
    const before = this.#shiftTicks;
    this.#shiftTicks = Math.round(this.#shiftSec * this.#timescale);
    if (this.#shiftTicks === before) return;
    this.#queue = this.#queue.map((sample) => shifted(sample, this.#shiftTicks - before));
  }

  /** Whether a sample is at or after the start of a segment, so that it belongs to that segment or a later one. */
  belongsAfter(sample: TimedSample, { startSec, forced }: Boundary): boolean {
    return this.startSec(sample) >= startSec + this.#lateness(sample, forced);
  }

  /** Whether a sample's segment is decided, given that the next boundary is not before the watermark. */
  isDecided(sample: TimedSample, watermarkSec: number): boolean {
    return this.startSec(sample) < watermarkSec + this.#lateness(sample, false);
  }

  /** Writes a sample to the segment `msn`; the one before must be closed if it is another. */
  write(sample: TimedSample, msn: number): void {
    if (this.writer.openMsn !== msn) this.writer.openSegment(msn, sample.decodeTicks);
    this.writer.write(sample);
    this.writtenToSec = this.endSec(sample);
  }

  /** Closes the open segment; its last part is stretched or cut to end at this media time where that is possible. */
  close(endSec?: number): void {
    this.writer.closeSegment(endSec === undefined ? undefined : Math.round(endSec * this.#timescale));
  }

  /**
   * Seconds after a boundary from which on a sample belongs to its segment. A key frame may be early by rounding;
   * other video frames wait for it to come, but not for longer than it may be late. Audio is cut at the nearest frame.
   */
  #lateness({ isKey }: TimedSample, forced: boolean): number {
    if (this.rendition.kind === 'audio' || (forced && !isKey)) return -this.#frameSec / 2;
    return (isKey ? -KEY_FRAME_TOLERANCE : KEY_FRAME_TOLERANCE) * this.#frameSec;
  }

  #begin(track: TrackInit): void {
    this.#timescale = track.timescale;
    this.shiftBy(0);
    this.writer.writeInit(track);
  }

  #take(sample: Sample): void {
    const timed = this.#timeline.place(sample);
    if (timed === null) return;
    this.#measureKeyInterval(timed);
    this.#queue.push(shifted(timed, this.#shiftTicks));
  }

  #measureKeyInterval({ isKey, durationTicks }: TimedSample): void {
    if (isKey && this.#sinceKeySec !== null) {
      this.#keyIntervalSec = Math.max(this.#keyIntervalSec, this.#sinceKeySec);
    }
    const frameSec = Math.min(durationTicks / this.#timescale, SILENCE_SEC);
    this.#sinceKeySec = (isKey ? 0 : (this.#sinceKeySec ?? 0)) + frameSec;
  }
}

function shifted(sample: TimedSample, ticks: number): TimedSample {
  if (ticks === 0) return sample;
  const { decodeTicks, presentTicks } = sample;
  return { ...sample, decodeTicks: decodeTicks + ticks, presentTicks: presentTicks + ticks };
}
