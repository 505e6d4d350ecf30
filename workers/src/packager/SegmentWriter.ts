import type { TrackInit } from '../cmaf/initSegment.ts';
import { withParameterSets } from '../cmaf/parameterSets.ts';
import type { MediaEvent, Rendition } from '../live/events.ts';
import { PartBuilder, type BuiltPart } from './PartBuilder.ts';
import type { TimedSample } from './SampleTimeline.ts';

export interface SegmentWriterOptions {
  readonly rendition: Rendition;
  readonly leg: number;
  readonly fence: number;
  readonly partTargetSec: number;
  /** The leg's first segment. */
  readonly firstMsn: number;
  /** Whether the playback has media from before this leg: the leg then begins with a discontinuity. */
  readonly continues: boolean;
  /** Newest init segment of the rendition before this leg, -1 when there is none. */
  readonly lastInit: number;
  /** Media time at which this rendition's media so far ends. */
  readonly endSec: number;
  /** Wall clock of a media time in this leg. */
  readonly programDateTimeOf: (mediaTimeSec: number) => number;
  readonly onEvent: (event: MediaEvent) => void;
}

interface OpenSegment {
  readonly msn: number;
  parts: number;
  durationTicks: number;
  byteLength: number;
}

/** Writes one rendition's init segment, segments and parts of one leg as events, in order and without a hole in msn. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  #init: number;
  #track: TrackInit | null = null;
  #builder: PartBuilder | null = null;
  #open: OpenSegment | null = null;
  #nextMsn: number;
  #endSec: number;

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
    this.#init = options.lastInit;
    this.#nextMsn = options.firstMsn;
    this.#endSec = options.endSec;
  }

  /** Null between segments. */
  get openMsn(): number | null {
    return this.#open?.msn ?? null;
  }

  get nextMsn(): number {
    return this.#nextMsn;
  }

  /** Media time after the last part or gap. */
  get endSec(): number {
    return this.#endSec;
  }

  writeInit(track: TrackInit): void {
    const { rendition, leg, fence, onEvent } = this.#options;
    this.#track = track;
    this.#init += 1;
    const { codecs, width, height, bytes } = track;
    const size = width === undefined || height === undefined ? {} : { width, height };
    onEvent({
      type: 'init.written',
      rendition: rendition.id,
      init: this.#init,
      leg,
      fence,
      codecs,
      ...size,
      bytes,
    });
  }

  /** Adds a sample to the segment `msn`, which must be open. */
  write(sample: TimedSample): void {
    const sets = sample.isKey ? this.#track?.parameterSets : undefined;
    const whole = sets === undefined ? sample : { ...sample, data: withParameterSets(sample.data, sets) };
    for (const part of this.#builderAt(sample.decodeTicks).add(whole)) this.#writePart(part);
  }

  /** Opens a segment that begins with a sample of this decode time; the one before must be closed. */
  openSegment(msn: number, decodeTicks: number): void {
    const builder = this.#builderAt(decodeTicks);
    builder.startSegment(msn, decodeTicks);
    this.#open = { msn, parts: 0, durationTicks: 0, byteLength: 0 };
    this.#nextMsn = msn + 1;
    this.#emitStart(msn, builder.startTicks / this.#timescale);
  }

  /** Closes the open segment, if there is one; its last part ends at `endTicks` or with its last sample. */
  closeSegment(endTicks?: number): void {
    const part = this.#builder?.finish(endTicks) ?? null;
    if (part !== null) this.#writePart(part);
    if (this.#open === null) return;
    const { msn, durationTicks, byteLength } = this.#open;
    this.#open = null;
    const { rendition, onEvent } = this.#options;
    const durationSec = durationTicks / this.#timescale;
    onEvent({ type: 'segment.ended', rendition: rendition.id, msn, durationSec, byteLength });
  }

  /** A segment without media, so that the numbering stays that of the other renditions. */
  writeGap(msn: number, startSec: number, endSec: number): void {
    const beginSec = Math.max(this.#endSec, startSec);
    const durationSec = Math.max(endSec - beginSec, 0);
    this.#nextMsn = msn + 1;
    this.#emitStart(msn, beginSec);
    this.#endSec = beginSec + durationSec;
    const { rendition, onEvent } = this.#options;
    onEvent({ type: 'segment.ended', rendition: rendition.id, msn, durationSec, byteLength: 0 });
  }

  get #timescale(): number {
    return this.#track?.timescale ?? 1;
  }

  #builderAt(decodeTicks: number): PartBuilder {
    const { rendition, partTargetSec, endSec } = this.#options;
    const { kind } = rendition;
    const options = { kind, partTargetSec, timescale: this.#timescale, trackId: this.#track?.trackId ?? 1 };
    const earliestTicks = Math.ceil(Math.max(endSec, 0) * this.#timescale - 1e-3);
    this.#builder ??= new PartBuilder(options, Math.max(decodeTicks, earliestTicks));
    return this.#builder;
  }

  #emitStart(msn: number, mediaTimeSec: number): void {
    const { rendition, leg, fence, firstMsn, continues, programDateTimeOf, onEvent } = this.#options;
    onEvent({
      type: 'segment.started',
      rendition: rendition.id,
      msn,
      leg,
      init: this.#init,
      fence,
      mediaTimeSec,
      programDateTimeMs: programDateTimeOf(mediaTimeSec),
      discontinuity: continues && msn === firstMsn,
    });
  }

  #writePart({ startTicks, durationTicks, keyFrames, independent, bytes }: BuiltPart): void {
    const open = this.#open;
    if (open === null) throw new Error('A part outside of any segment.');
    const timescale = this.#timescale;
    this.#options.onEvent({
      type: 'part.written',
      rendition: this.#options.rendition.id,
      msn: open.msn,
      part: open.parts,
      durationSec: durationTicks / timescale,
      independent,
      keyFrames: keyFrames.map(({ offset, length, presentTicks }) => ({
        offset,
        length,
        mediaTimeSec: presentTicks / timescale,
      })),
      bytes,
    });
    open.parts += 1;
    open.durationTicks += durationTicks;
    open.byteLength += bytes.byteLength;
    this.#endSec = (startTicks + durationTicks) / timescale;
  }
}
