import { mediaPath, type PartWritten, type SegmentStarted } from '../live/events.ts';
import { partLine } from './playlists/livePlaylist.ts';
import type { KeyFrame, SegmentRecord } from './playlists/records.ts';
import { segmentPreamble } from './playlists/tags.ts';

/** The segment at the live edge of one rendition: collects its parts until it is complete. */
export class OpenSegment {
  readonly started: SegmentStarted;
  readonly #discontinuity: boolean;
  readonly #initPath: string;
  readonly #keyFrames: KeyFrame[] = [];
  #partLines = '';
  #partCount = 0;
  #durationSec = 0;
  #byteLength = 0;

  constructor(started: SegmentStarted, initPath: string, discontinuity: boolean) {
    this.started = started;
    this.#initPath = initPath;
    this.#discontinuity = discontinuity;
  }

  get partCount(): number {
    return this.#partCount;
  }

  get partLines(): string {
    return this.#partLines;
  }

  /** Sum of its parts so far. */
  get durationSec(): number {
    return this.#durationSec;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  get keyFrameBytes(): number {
    return this.#keyFrames.reduce((sum, { length }) => sum + length, 0);
  }

  get endSec(): number {
    return this.started.mediaTimeSec + this.#durationSec;
  }

  add(part: PartWritten): void {
    const path = mediaPath.part(part.rendition, part.msn, this.started.fence, part.part);
    const independent = part.independent || part.keyFrames.length > 0;
    this.#partLines += partLine({ path, durationSec: part.durationSec, independent });
    for (const keyFrame of part.keyFrames)
      this.#keyFrames.push({ ...keyFrame, offset: this.#byteLength + keyFrame.offset });
    this.#partCount += 1;
    this.#durationSec += part.durationSec;
    this.#byteLength += part.bytes.byteLength;
  }

  /** Its lines while it is open: what applies to it, then its parts; nothing before the first part. */
  lines(previousInitPath: string | undefined): string {
    if (this.#partCount === 0) return '';
    return segmentPreamble(this.#record(this.#durationSec), previousInitPath) + this.#partLines;
  }

  /** `durationSec` as the packager states it; the sum of the parts when it never did (a crash in between). */
  close(durationSec?: number): SegmentRecord {
    return this.#record(durationSec ?? this.#durationSec);
  }

  #record(durationSec: number): SegmentRecord {
    const { rendition, msn, fence, mediaTimeSec, programDateTimeMs, leg } = this.started;
    return {
      msn,
      path: mediaPath.segment(rendition, msn, fence),
      mediaTimeSec,
      durationSec,
      programDateTimeMs,
      discontinuity: this.#discontinuity,
      initPath: this.#initPath,
      keyFrames: this.#keyFrames,
      byteLength: this.#byteLength,
      leg,
    };
  }
}
