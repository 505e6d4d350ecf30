import {
  FIRST_MSN,
  mediaPath,
  type InitWritten,
  type PartWritten,
  type Rendition,
  type SegmentEnded,
  type SegmentStarted,
} from '../live/events.ts';
import { gapsBetween } from './gaps.ts';
import { OpenSegment } from './OpenSegment.ts';
import { iFrameCount, iFrameLines } from './playlists/iFrameLines.ts';
import { partsListedSec, type PlaybackTiming } from './playlists/livePlaylist.ts';
import type { RenditionRecord, SegmentRecord } from './playlists/records.ts';
import { SlidingPlaylist } from './playlists/SlidingPlaylist.ts';
import { segmentLines } from './playlists/tags.ts';
import { RenditionBitrates } from './RenditionBitrates.ts';
import { SegmentMemory, type MemoryLimits } from './SegmentMemory.ts';

export interface RenditionWindowOptions {
  readonly timing: PlaybackTiming;
  readonly dvrWindowSec: number;
  readonly memory: MemoryLimits;
  /** The same segment of another rendition, the model for one that is missing here. */
  readonly segmentElsewhere: (msn: number) => SegmentRecord | undefined;
}

/** A complete segment whose parts are still listed, or a gap after such a one. */
interface PartedSegment {
  readonly segment: SegmentRecord;
  readonly partLines: string;
  readonly partCount: number;
}

/** RFC 6381 codecs listed for one rendition at most; a session changes its codec rarely. */
const CODECS_LISTED = 4;

/** Complete segments whose parts are listed, at most; the open one comes after them. */
const PARTED_SEGMENTS = 2;

/** The window of one rendition: complete segments, the open one, the newest bytes. Part of LiveWindow's fold. */
export class RenditionWindow {
  readonly rendition: Rendition;
  readonly memory: SegmentMemory;
  readonly #options: RenditionWindowOptions;
  readonly #bitrates: RenditionBitrates;
  readonly #segments: SegmentRecord[] = [];
  /** One for each leg of the session. */
  readonly #initPaths = new Set<string>();
  readonly #initByNumber = new Map<number, string>();
  #parted: PartedSegment[] = [];
  #media: SlidingPlaylist | null = null;
  #iFrames: SlidingPlaylist | null = null;
  #open: OpenSegment | null = null;
  #latestInit: InitWritten | null = null;
  #codecs: readonly string[] = [];
  #windowSec = 0;
  #fence: number | null = null;
  #version = 0;

  constructor(rendition: Rendition, options: RenditionWindowOptions) {
    this.rendition = rendition;
    this.#options = options;
    this.memory = new SegmentMemory(options.memory);
    this.#bitrates = new RenditionBitrates(rendition, options.timing.targetDurationSec);
  }

  /** Rises with every change that a playlist of this rendition shows. */
  get version(): number {
    return this.#version;
  }

  /** Complete segments in the window, oldest first. */
  get segments(): readonly SegmentRecord[] {
    return this.#segments;
  }

  /** Null until the first segment starts. */
  get media(): SlidingPlaylist | null {
    return this.#media;
  }

  /** Null until the first segment starts, and for audio. */
  get iFrames(): SlidingPlaylist | null {
    return this.#iFrames;
  }

  get open(): OpenSegment | null {
    return this.#open;
  }

  /** Complete segments whose parts are listed, oldest first. */
  get parted(): readonly PartedSegment[] {
    return this.#parted;
  }

  /** Something is listed: a complete segment or a part. */
  get hasContent(): boolean {
    return this.#segments.length > 0 || (this.#open?.partCount ?? 0) > 0;
  }

  /** An init segment that a segment of this playback needs or needed. */
  hasInit(path: string): boolean {
    return this.#initPaths.has(path);
  }

  /** Number of the newest complete segment; one less than the first when there is none yet. */
  get closedMsn(): number {
    return (this.#media?.nextSequence ?? FIRST_MSN) - 1;
  }

  /** Parts of the segment after `closedMsn` so far. */
  get openParts(): number {
    return this.#open?.partCount ?? 0;
  }

  /** Parts of a complete segment, known as long as they are listed. */
  partCountOf(msn: number): number | undefined {
    return this.#parted.find(({ segment }) => segment.msn === msn)?.partCount;
  }

  /** The newest part (RFC 8216bis §4.4.5.4), for the other renditions' reports. */
  lastPart(): { msn: number; part: number } {
    if (this.#open && this.#open.partCount > 0)
      return { msn: this.#open.started.msn, part: this.#open.partCount - 1 };
    return { msn: this.closedMsn, part: Math.max(0, (this.#parted.at(-1)?.partCount ?? 1) - 1) };
  }

  /** Path of the part that comes next; null before the first segment of this job. */
  hintPath(): string | null {
    const { id } = this.rendition;
    if (this.#open)
      return mediaPath.part(id, this.#open.started.msn, this.#open.started.fence, this.#open.partCount);
    return this.#fence === null ? null : mediaPath.part(id, this.closedMsn + 1, this.#fence, 0);
  }

  segmentAt(msn: number): SegmentRecord | undefined {
    const first = this.#segments[0];
    return first && this.#segments[msn - first.msn];
  }

  /** What the multivariant playlist says of it; null until its codecs are known. */
  record(): RenditionRecord | null {
    const init = this.#latestInit;
    if (!init) return null;
    const { rendition } = this;
    const { iFramePeakBps, ...bitrates } = this.#bitrates.announced(this.#open);
    const common = { id: rendition.id, codecs: this.#codecs, ...bitrates };
    if (rendition.kind === 'audio') return { ...common, kind: 'audio' };
    return {
      ...common,
      kind: 'video',
      width: init.width ?? rendition.width,
      height: init.height ?? rendition.height,
      frameRate: rendition.frameRate,
      iFramePeakBps,
    };
  }

  addInit(event: InitWritten): void {
    this.#latestInit = event;
    const path = mediaPath.init(event.rendition, event.init, event.fence);
    this.#initPaths.add(path);
    this.#initByNumber.set(event.init, path);
    this.memory.addInit(path, event.bytes);
    this.#codecs = [event.codecs, ...this.#codecs.filter((known) => known !== event.codecs)];
    this.#codecs = this.#codecs.slice(0, CODECS_LISTED);
  }

  start(event: SegmentStarted): void {
    if (this.#open) this.#close();
    if (this.#media && event.msn <= this.closedMsn)
      throw new Error(
        `Segment ${event.rendition}/${event.msn} started after ${this.closedMsn} was complete.`,
      );
    const initPath =
      this.#initByNumber.get(event.init) ?? mediaPath.init(event.rendition, event.init, event.fence);
    const saidByGap = this.#begin({ ...event, initPath });
    this.#open = new OpenSegment(event, initPath, event.discontinuity && !saidByGap);
    this.#fence = event.fence;
    this.memory.start(event.msn, event.fence);
  }

  addPart(event: PartWritten): void {
    const open = this.#open;
    if (open?.started.msn !== event.msn || open.partCount !== event.part)
      throw new Error(`Part ${event.rendition}/${event.msn}.${event.part} does not follow what was written.`);
    open.add(event);
    this.memory.addPart(event.msn, event.bytes, open.endSec);
    this.#forgetParts();
    this.#version += 1;
  }

  end(event: SegmentEnded): void {
    if (this.#open?.started.msn !== event.msn)
      throw new Error(`Segment ${event.rendition}/${event.msn} ended without having started.`);
    this.#close(event.durationSec);
  }

  /** Closes what a crash or the end of the playback left open. */
  finish(): void {
    if (this.#open) this.#close();
    this.#version += 1;
  }

  /** A complete segment known from its record, without its bytes: replay of what older storage holds. */
  restore(segment: SegmentRecord): void {
    this.#begin(segment);
    this.#initPaths.add(segment.initPath);
    this.#append(segment);
  }

  /**
   * Readies the playlists for a segment and fills the numbers that were left out before it. Returns whether a
   * gap already says the discontinuity of the segment's leg.
   */
  #begin(
    next: Pick<SegmentRecord, 'msn' | 'mediaTimeSec' | 'programDateTimeMs' | 'initPath' | 'leg'>,
  ): boolean {
    this.#media ??= new SlidingPlaylist({ lines: segmentLines, count: () => 1 }, next.msn);
    if (this.rendition.kind === 'video')
      this.#iFrames ??= new SlidingPlaylist({ lines: iFrameLines, count: iFrameCount }, next.msn);
    const last = this.#segments.at(-1);
    if (!last) return false;
    const gaps = gapsBetween(last, next, this.rendition.id, this.#options.segmentElsewhere);
    for (const gap of gaps) this.#appendGap(gap);
    return gaps.some((gap) => gap.discontinuity && gap.leg === next.leg);
  }

  #close(durationSec?: number): void {
    const open = this.#open;
    this.#open = null;
    if (!open || open.partCount === 0) return;
    const segment = open.close(durationSec);
    this.memory.complete(segment.msn);
    this.#parted.push({ segment, partLines: open.partLines, partCount: open.partCount });
    this.#append(segment);
    this.#forgetParts();
  }

  #appendGap(gap: SegmentRecord): void {
    if (this.#parted.length > 0) this.#parted.push({ segment: gap, partLines: '', partCount: 0 });
    this.#append(gap);
  }

  #append(segment: SegmentRecord): void {
    this.#segments.push(segment);
    this.#media?.append(segment);
    this.#iFrames?.append(segment);
    if (!segment.gap) this.#bitrates.add(segment);
    this.#windowSec += segment.durationSec;
    this.#slide();
    this.#version += 1;
  }

  #slide(): void {
    for (let first = this.#segments[0]; first; first = this.#segments[0]) {
      if (this.#windowSec - first.durationSec < this.#options.dvrWindowSec) return;
      this.#segments.shift();
      this.#media?.removeFirst();
      this.#iFrames?.removeFirst();
      this.#windowSec -= first.durationSec;
    }
  }

  /**
   * Parts are listed while their segment begins within three target durations of the end (§6.2.2), whole segments
   * at a time since players number a segment's parts by their place in the list. Some parsers count segments
   * instead of seconds, hence the limit for short ones.
   */
  #forgetParts(): void {
    const last = this.#parted.at(-1);
    if (!last) return;
    const endSec = this.#open?.partCount
      ? this.#open.endSec
      : last.segment.mediaTimeSec + last.segment.durationSec;
    const horizonSec = endSec - partsListedSec(this.#options.timing) - 1e-6;
    this.#parted = this.#parted
      .slice(-PARTED_SEGMENTS)
      .filter(({ segment }) => segment.mediaTimeSec >= horizonSec);
  }
}
