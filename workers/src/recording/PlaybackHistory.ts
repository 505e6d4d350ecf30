import { mediaPath } from '../live/events.ts';
import type {
  InitWritten,
  LegStarted,
  MediaEvent,
  PartWritten,
  PlaybackStarted,
  SegmentEnded,
  SegmentStarted,
} from '../live/events.ts';
import type { KeyFrame, SegmentRecord } from '../origin/playlists/index.ts';

/** An init segment without its bytes. */
export type InitRecord = Omit<InitWritten, 'type' | 'bytes'> & { readonly path: string };
/** A stretch of source. */
export type LegRecord = Omit<LegStarted, 'type'>;

interface OpenSegment {
  readonly started: SegmentStarted;
  readonly keyFrames: KeyFrame[];
  byteLength: number;
}

/**
 * What was produced in a playback, as plain records without media: the fold of its events. It is what takeovers and
 * the VOD playlists are made from.
 */
export class PlaybackHistory {
  started: PlaybackStarted | null = null;
  ended = false;
  readonly legs: LegRecord[] = [];
  readonly inits: InitRecord[] = [];
  readonly #segments = new Map<string, SegmentRecord[]>();
  readonly #open = new Map<string, OpenSegment>();

  /** Returns the record of the segment that this event completed, else null. */
  apply(event: MediaEvent): SegmentRecord | null {
    switch (event.type) {
      case 'playback.started':
        this.start(event);
        return null;
      case 'leg.started':
        this.addLeg(event);
        return null;
      case 'init.written':
        this.addInit(event);
        return null;
      case 'segment.started':
        this.#open.set(event.rendition, { started: event, keyFrames: [], byteLength: 0 });
        return null;
      case 'part.written':
        this.#addPart(event);
        return null;
      case 'segment.ended':
        return this.#closeSegment(event);
      case 'leg.ended':
        return null;
      case 'playback.ended':
        this.ended = true;
        return null;
    }
  }

  start(event: PlaybackStarted): void {
    this.started ??= event;
  }

  addLeg({ leg, mediaTimeSec, programDateTimeMs }: LegRecord): void {
    if ((this.legs.at(-1)?.leg ?? -1) < leg) this.legs.push({ leg, mediaTimeSec, programDateTimeMs });
  }

  addInit({ rendition, init, leg, fence, codecs, width, height }: Omit<InitRecord, 'path'>): void {
    const path = mediaPath.init(rendition, init, fence);
    if (this.inits.some((known) => known.path === path)) return;
    const size = width === undefined || height === undefined ? {} : { width, height };
    this.inits.push({ rendition, init, leg, fence, codecs, ...size, path });
  }

  /** Adds a complete segment; an older or known number is ignored. */
  addSegment(rendition: string, record: SegmentRecord): boolean {
    const list = this.#segments.get(rendition);
    if (list === undefined) this.#segments.set(rendition, [record]);
    else if ((list.at(-1)?.msn ?? -1) < record.msn) list.push(record);
    else return false;
    return true;
  }

  /** Makes a segment whose media is nowhere a gap; it keeps its place and its time. */
  loseSegment(rendition: string, msn: number): void {
    const list = this.#segments.get(rendition);
    const index = list?.findIndex((record) => record.msn === msn) ?? -1;
    const record = list?.[index];
    if (list !== undefined && record !== undefined) {
      list[index] = { ...record, keyFrames: [], byteLength: 0, gap: true };
    }
  }

  /** Complete segments of a rendition in order, gaps included. */
  segments(rendition: string): readonly SegmentRecord[] {
    return this.#segments.get(rendition) ?? [];
  }

  /** Path of the segment a rendition is in the middle of; null between segments. */
  openPath(rendition: string): string | null {
    const started = this.#open.get(rendition)?.started;
    return started === undefined ? null : mediaPath.segment(rendition, started.msn, started.fence);
  }

  /** Number of the newest complete segment of any rendition; -1 when there is none. */
  get newestMsn(): number {
    return Math.max(-1, ...this.renditionIds.map((id) => this.segments(id).at(-1)?.msn ?? -1));
  }

  /** Highest number of a run that wrote something; 0 when none did. */
  get lastFence(): number {
    return Math.max(0, ...this.inits.map(({ fence }) => fence));
  }

  get renditionIds(): readonly string[] {
    return this.started?.renditions.map(({ id }) => id) ?? [];
  }

  #addPart(event: PartWritten): void {
    const open = this.#open.get(event.rendition);
    if (open?.started.msn !== event.msn) return;
    for (const { offset, length, mediaTimeSec } of event.keyFrames) {
      open.keyFrames.push({ offset: open.byteLength + offset, length, mediaTimeSec });
    }
    open.byteLength += event.bytes.byteLength;
  }

  #closeSegment(event: SegmentEnded): SegmentRecord | null {
    const open = this.#open.get(event.rendition);
    if (open?.started.msn !== event.msn) return null;
    this.#open.delete(event.rendition);
    const { init } = open.started;
    const initPath = this.inits.findLast(
      (known) => known.rendition === event.rendition && known.init === init,
    )?.path;
    const record = recordOf(open, event, initPath ?? '');
    return this.addSegment(event.rendition, record) ? record : null;
  }
}

function recordOf({ started, keyFrames }: OpenSegment, ended: SegmentEnded, initPath: string): SegmentRecord {
  const { rendition, msn, fence, leg } = started;
  return {
    msn,
    path: mediaPath.segment(rendition, msn, fence),
    mediaTimeSec: started.mediaTimeSec,
    durationSec: ended.durationSec,
    programDateTimeMs: started.programDateTimeMs,
    discontinuity: started.discontinuity,
    initPath,
    keyFrames,
    byteLength: ended.byteLength,
    leg,
    ...(ended.byteLength === 0 ? { gap: true } : {}),
  };
}
