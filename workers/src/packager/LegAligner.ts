import type { LegTrack } from './LegTrack.ts';
import type { TimedSample } from './SampleTimeline.ts';
import type { ReferenceFrame, SegmentClock } from './SegmentClock.ts';

export interface LegAlignerOptions {
  /** In the order in which they are taken as the reference: video from the top, then audio. */
  readonly tracks: readonly LegTrack[];
  readonly clock: SegmentClock;
  readonly holdLimitSec: number;
  /** The media time at which a leg may begin that wants to begin at this one: the same or later. */
  readonly earliestStartSec: (startSec: number) => number;
  readonly onTimelineMoved: (bySec: number) => void;
  readonly onKeyFrameMissing: (track: LegTrack, msn: number, mediaTimeSec: number) => void;
  readonly onReferenceStalled: (track: LegTrack) => void;
}

/** Before a reference has come at all there is nothing to cut by; encoders may need some seconds to begin. */
const START_PATIENCE = 4;
/** A leg that is moved by less than this is within the rounding of frame times. */
export const WORTH_TELLING_SEC = 0.05;

/**
 * Deals the samples of one leg's renditions out to segments that are the same for all of them.
 *
 * The first active video rendition (else audio) is the reference: its key frames make the SegmentClock tick. Samples of
 * the others wait until it is decided which segment they belong to. A reference that falls behind too far loses its role
 * until it has caught up, so that what waits is bounded and segments go on.
 */
export class LegAligner {
  readonly #options: LegAlignerOptions;
  readonly #clock: SegmentClock;
  readonly #tracks: readonly LegTrack[];

  constructor(options: LegAlignerOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#tracks = options.tracks;
  }

  /** Writes all that can be written, after new samples or the end of a track. */
  advance(): void {
    this.#forgiveStalls();
    for (;;) {
      const reference = this.#reference();
      if (reference !== undefined) this.#drainReference(reference);
      for (const track of this.#tracks) {
        if (track !== reference) this.#drainFollower(track);
      }
      const changes = this.#reference() !== reference;
      if (!changes && (reference === undefined || !this.#markStalled(reference))) return;
    }
  }

  /** No more samples come: writes those that wait and closes the leg's last segment in all renditions. */
  finish(): void {
    for (const track of this.#tracks) track.open = false;
    for (const track of this.#tracks) {
      if (track.rendition.kind === 'video') this.#drainReference(track);
    }
    const videoEndSec = this.#latestEndSec('video');
    for (const track of this.#tracks) {
      if (videoEndSec === null) this.#drainReference(track);
      else this.#drainUntil(track, videoEndSec);
    }
    const endSec = videoEndSec ?? this.#latestEndSec('audio');
    const last = this.#clock.newest;
    if (endSec === null || last === undefined) return;
    for (const track of this.#tracks) {
      track.close(endSec);
      this.#fillGaps(track, last.msn + 1, endSec);
    }
  }

  #reference(): LegTrack | undefined {
    const active = this.#tracks.filter((track) => track.isActive);
    return active.find((track) => !track.stalled) ?? active[0];
  }

  #drainReference(track: LegTrack): void {
    while (track.hasSamples) {
      if (!this.#clock.started) this.#moveStart(track);
      const sample = track.take();
      if (sample === undefined) return;
      const isNew = this.#clock.observe(frameOf(track, sample)).length > 0;
      this.#place(track, sample);
      if (isNew) this.#passIdle();
    }
  }

  #drainFollower(track: LegTrack): void {
    if (!this.#clock.started) return;
    for (let sample = track.peek(); sample !== undefined; sample = track.peek()) {
      if (!track.isDecided(sample, this.#clock.watermarkSec)) return;
      track.take();
      this.#place(track, sample);
    }
  }

  /** At a leg's end audio without picture is left out, so that renditions stay equally long. */
  #drainUntil(track: LegTrack, endSec: number): void {
    for (let sample = track.take(); sample !== undefined; sample = track.take()) {
      if ((track.startSec(sample) + track.endSec(sample)) / 2 < endSec) this.#place(track, sample);
    }
  }

  /** The leg begins; what it would overlap moves it later. */
  #moveStart(reference: LegTrack): void {
    const startSec = reference.waiting?.fromSec ?? 0;
    const bySec = this.#options.earliestStartSec(startSec) - startSec;
    if (bySec <= 0) return;
    for (const track of this.#tracks) track.shiftBy(bySec);
    if (bySec > WORTH_TELLING_SEC) this.#options.onTimelineMoved(bySec);
  }

  /** Puts a sample into its segment, which it may open. */
  #place(track: LegTrack, sample: TimedSample): void {
    if (track.writtenToSec === null && this.#isTooEarly(track, sample)) return;
    const msn = this.#msnOf(track, sample);
    if (track.writer.openMsn !== msn) {
      track.close(track.startSec(sample));
      this.#fillGaps(track, msn);
      this.#clock.forgetBefore(
        Math.min(msn, ...this.#tracks.map(({ writer }) => writer.openMsn ?? writer.nextMsn)),
      );
      if (!sample.isKey) this.#options.onKeyFrameMissing(track, msn, track.startSec(sample));
    }
    track.write(sample, msn);
  }

  /** A rendition begins with a key frame, not before the leg's first segment, and not into its own past. */
  #isTooEarly(track: LegTrack, sample: TimedSample): boolean {
    const first = this.#clock.oldest;
    if (first === undefined || !sample.isKey || !track.belongsAfter(sample, first)) return true;
    return track.rendition.kind === 'audio' && track.startSec(sample) < track.writer.endSec - 1e-6;
  }

  #msnOf(track: LegTrack, sample: TimedSample): number {
    let msn = track.writer.openMsn ?? track.writer.nextMsn;
    for (let next = this.#clock.boundary(msn + 1); next !== undefined; next = this.#clock.boundary(msn + 1)) {
      if (!track.belongsAfter(sample, next)) break;
      msn += 1;
    }
    return msn;
  }

  /** A new segment has begun: renditions that get no samples any more leave the one before. */
  #passIdle(): void {
    const newest = this.#clock.newest;
    for (const track of this.#tracks) {
      if (track.isActive || newest === undefined) continue;
      if (track.writer.openMsn !== newest.msn) track.close();
      this.#fillGaps(track, newest.msn);
    }
  }

  /** Gaps for the segments before `untilMsn` that a rendition has nothing of. */
  #fillGaps({ writer }: LegTrack, untilMsn: number, endSec?: number): void {
    if (writer.openMsn !== null) return;
    for (let msn = writer.nextMsn; msn < untilMsn; msn = writer.nextMsn) {
      const boundary = this.#clock.boundary(msn);
      const toSec = this.#clock.boundary(msn + 1)?.startSec ?? endSec;
      if (boundary === undefined || toSec === undefined) return;
      writer.writeGap(msn, boundary.startSec, toSec);
    }
  }

  #latestEndSec(kind: 'video' | 'audio'): number | null {
    const ends = this.#tracks.flatMap(({ rendition, writtenToSec }) =>
      rendition.kind === kind && writtenToSec !== null ? [writtenToSec] : [],
    );
    return ends.length === 0 ? null : Math.max(...ends);
  }

  /** True when others have waited for the reference too long: it is the reference no more. */
  #markStalled(reference: LegTrack): boolean {
    const { started, watermarkSec } = this.#clock;
    const limitSec = this.#options.holdLimitSec * (started ? 1 : START_PATIENCE);
    const isAhead = this.#tracks.some(({ waiting, stalled }) => {
      if (waiting === null || stalled) return false;
      return waiting.toSec - (started ? watermarkSec : waiting.fromSec) > limitSec;
    });
    if (!isAhead || reference.hasSamples) return false;
    reference.stalled = true;
    this.#options.onReferenceStalled(reference);
    return true;
  }

  #forgiveStalls(): void {
    const { watermarkSec } = this.#clock;
    for (const track of this.#tracks) {
      if (!track.stalled || track.waiting === null) continue;
      track.stalled = track.waiting.toSec < watermarkSec - this.#options.holdLimitSec / 2;
    }
  }
}

function frameOf(track: LegTrack, sample: TimedSample): ReferenceFrame {
  const { keyIntervalSec } = track;
  return {
    startSec: track.startSec(sample),
    endSec: track.endSec(sample),
    isKey: sample.isKey,
    keyIntervalSec,
  };
}
