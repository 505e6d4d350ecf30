import type { MediaEvent, Rendition } from '../live/events.ts';
import { LegAligner, WORTH_TELLING_SEC } from './LegAligner.ts';
import { LegTrack } from './LegTrack.ts';
import { PackagerFold, type PackagerState, type TimelinePoint } from './PackagerFold.ts';
import { SegmentClock } from './SegmentClock.ts';
import { SegmentWriter } from './SegmentWriter.ts';
import type { LegStart, PackagerOptions } from './types.ts';

const DEFAULT_HOLD_LIMIT_SEC = 3;
/** EXTINF rounds to at most the target duration while it is below it plus a half; room for a frame of audio. */
const TARGET_DURATION_ROUNDING_SEC = 0.45;

interface OpenLeg {
  readonly start: LegStart;
  readonly tracks: ReadonlyMap<string, LegTrack>;
  readonly aligner: LegAligner;
}

/**
 * Turns the fragmented MP4 of each rendition (one frame per fragment, `FragmentReader`) into parts and segments, told
 * as MediaEvents in the order that `live/events.ts` guarantees. Pure: no I/O, no timers; every event comes
 * synchronously out of a call.
 *
 * `startLeg` → `write`… → `endLeg`, again and again, then `end`. After a crash another Packager continues with
 * `resumeFrom`. What is guaranteed: every rendition has every msn, over the same span of media time (to half a frame,
 * audio to half an audio frame); media time, PROGRAM-DATE-TIME and msn never go back; every part is at most the part
 * target and, but for a segment's last, at least 85 % of it; every segment starts with a key frame unless a warning
 * said otherwise; presentation times are those of the source.
 *
 * A rendition that has no sample in a segment, or isn't expected in a leg, gets that msn as a gap.
 */
export class Packager {
  readonly #options: PackagerOptions;
  readonly #fold: PackagerFold;
  /** Where each rendition's media ends; a leg can't overlap it. */
  readonly #ends = new Map<string, number>();
  #leg: OpenLeg | null = null;
  #ended = false;

  constructor(options: PackagerOptions) {
    this.#options = options;
    this.#fold = new PackagerFold(options.resumeFrom);
  }

  /** What another Packager would need to continue after the events so far. */
  get state(): PackagerState {
    return this.#fold.state;
  }

  /** Where the next leg begins at the earliest; null before the first sample. */
  get timeline(): TimelinePoint | null {
    return this.#fold.end;
  }

  /**
   * Begins a leg. Times before the end of what there is are raised to it, and all samples of the leg with them.
   * @throws Error while another leg is open, after the end, or when the leg's number was used.
   */
  startLeg(start: LegStart): void {
    if (this.#leg !== null || this.#ended) throw new Error('A leg starts before the last one ended.');
    const { started, nextLeg, nextMsn, end } = this.#fold.state;
    if (start.leg < nextLeg) throw new Error(`Leg ${start.leg} was there; the next one is ${nextLeg}.`);
    if (!started) this.#emitStarted();
    const mediaTimeSec = Math.max(start.mediaTimeSec, end?.mediaTimeSec ?? -Infinity);
    const programDateTimeMs = Math.max(start.programDateTimeMs, end?.programDateTimeMs ?? -Infinity);
    const raised = { ...start, mediaTimeSec, programDateTimeMs };
    this.#emit({ type: 'leg.started', leg: start.leg, mediaTimeSec, programDateTimeMs });
    const tracks = this.#makeTracks(raised, nextMsn);
    const bySec = mediaTimeSec - start.mediaTimeSec;
    for (const track of tracks) track.shiftBy(bySec);
    const aligner = this.#makeAligner(raised, tracks, nextMsn);
    this.#leg = {
      start: raised,
      tracks: new Map(tracks.map((track) => [track.rendition.id, track])),
      aligner,
    };
    if (bySec > WORTH_TELLING_SEC)
      this.#options.onWarning?.({ kind: 'timelineMoved', leg: start.leg, bySec });
  }

  /**
   * Takes the next bytes of a rendition's fragmented MP4. The bytes belong to the Packager from now on.
   * @throws FragmentError when they can't be used: end the leg, what was written before stays valid.
   * @throws Error when there is no leg, or the rendition isn't expected in it or has ended.
   */
  write(renditionId: string, bytes: Uint8Array): void {
    const { aligner, tracks } = this.#openLeg();
    const track = tracks.get(renditionId);
    if (track?.open !== true) throw new Error(`Rendition ${renditionId} gets no data in this leg.`);
    track.read(bytes);
    aligner.advance();
  }

  /** A rendition gets no more data in this leg while others go on; segments to come are gaps. Idempotent. */
  endRendition(renditionId: string): void {
    const { aligner, tracks } = this.#openLeg();
    const track = tracks.get(renditionId);
    if (track === undefined) throw new Error(`There is no rendition ${renditionId}.`);
    track.open = false;
    aligner.advance();
  }

  /** Ends the leg, if one is open: all renditions' segments are closed, also where renditions are not equally long. */
  endLeg(): void {
    if (this.#leg === null) return;
    const { start, tracks, aligner } = this.#leg;
    this.#leg = null;
    aligner.finish();
    for (const [id, { writer }] of tracks) this.#ends.set(id, writer.endSec);
    this.#emit({ type: 'leg.ended', leg: start.leg });
  }

  /** Ends the playback, and the leg if one is open. Idempotent; nothing may follow. */
  end(): void {
    if (this.#ended) return;
    this.endLeg();
    this.#ended = true;
    if (this.#fold.state.started) this.#emit({ type: 'playback.ended' });
  }

  #openLeg(): OpenLeg {
    if (this.#leg === null) throw new Error('There is no open leg.');
    return this.#leg;
  }

  #emit(event: MediaEvent): void {
    this.#fold.apply(event);
    this.#options.onEvent(event);
  }

  #emitStarted(): void {
    const { renditions, targetDurationSec, partTargetSec } = this.#options;
    this.#emit({ type: 'playback.started', renditions, targetDurationSec, partTargetSec });
  }

  /** Video from the top, then audio. */
  #makeTracks(start: LegStart, firstMsn: number): LegTrack[] {
    const { renditions } = this.#options;
    const byRank = [...renditions.filter(isVideo), ...renditions.filter((rendition) => !isVideo(rendition))];
    return byRank.map((rendition) => {
      const writer = this.#makeWriter(rendition, start, firstMsn);
      return new LegTrack(rendition, writer, start.expected.includes(rendition.id));
    });
  }

  #makeWriter(rendition: Rendition, start: LegStart, firstMsn: number): SegmentWriter {
    const { fence, partTargetSec } = this.#options;
    return new SegmentWriter({
      rendition,
      leg: start.leg,
      fence,
      partTargetSec,
      firstMsn,
      continues: this.#fold.end !== null,
      lastInit: this.#fold.nextInit(rendition.id) - 1,
      endSec: this.#ends.get(rendition.id) ?? this.#fold.end?.mediaTimeSec ?? 0,
      programDateTimeOf: (mediaTimeSec) => programDateTimeOf(start, mediaTimeSec),
      onEvent: (event) => {
        this.#emit(event);
      },
    });
  }

  #makeAligner(start: LegStart, tracks: readonly LegTrack[], firstMsn: number): LegAligner {
    const {
      segmentTargetSec,
      targetDurationSec,
      holdLimitSec = DEFAULT_HOLD_LIMIT_SEC,
      onWarning,
    } = this.#options;
    const longestSegmentSec = targetDurationSec + TARGET_DURATION_ROUNDING_SEC;
    const end = this.#fold.end;
    return new LegAligner({
      tracks,
      holdLimitSec,
      clock: new SegmentClock({ segmentTargetSec, longestSegmentSec, firstMsn }),
      earliestStartSec: (startSec) => (end === null ? startSec : earliestStartSec(start, startSec, end)),
      onTimelineMoved: (bySec) => onWarning?.({ kind: 'timelineMoved', leg: start.leg, bySec }),
      onKeyFrameMissing: ({ rendition: { id } }, msn, mediaTimeSec) =>
        onWarning?.({ kind: 'keyFrameMissing', rendition: id, msn, mediaTimeSec }),
      onReferenceStalled: ({ rendition: { id }, writtenToSec }) =>
        onWarning?.({
          kind: 'referenceStalled',
          rendition: id,
          mediaTimeSec: writtenToSec ?? start.mediaTimeSec,
        }),
    });
  }
}

const isVideo = (rendition: Rendition): boolean => rendition.kind === 'video';

function programDateTimeOf(start: LegStart, mediaTimeSec: number): number {
  return start.programDateTimeMs + (mediaTimeSec - start.mediaTimeSec) * 1000;
}

/** Neither media time nor wall clock go back behind the end of what there is. */
function earliestStartSec(start: LegStart, startSec: number, end: TimelinePoint): number {
  const overlapSec = end.mediaTimeSec - startSec;
  const clockOverlapSec = (end.programDateTimeMs - programDateTimeOf(start, startSec)) / 1000;
  return startSec + Math.max(0, overlapSec, clockOverlapSec);
}
