import type { Logger } from '@maydan/common';
import {
  choosePartTarget,
  Packager,
  packagerStateOf,
  type JournalledEvent,
  type TimelinePoint,
} from '../packager/index.ts';
import { tailroomSec } from '../source/LegPipeline.ts';
import type { LiveSource, PlannedLeg } from '../source/LiveSource.ts';
import type { MediaEvent, PlaybackStarted, Rendition } from './events.ts';

export interface LegFeederOptions {
  readonly fence: number;
  readonly segmentTargetSec: number;
  /** The part target is the nearest to this that suits the frame rate. */
  readonly preferredPartSec: number;
  /** What earlier runs produced; empty for a new playback. */
  readonly past: readonly JournalledEvent[];
  readonly log: Logger;
  /** In the packager's order, synchronously. */
  readonly onEvent: (event: MediaEvent) => void;
  /** A leg is about to give data. */
  /** Every rendition of the leg has its first part. */
  readonly onPlayable: (leg: PlannedLeg) => void;
  /** The encoder's bytes can't be used; the leg has ended. */
  readonly onUnusable: (error: unknown) => void;
}

/** Feeds the legs of one source after the other into the session's Packager, which numbers them on. */
export class LegFeeder {
  readonly #options: LegFeederOptions;
  #packager: Packager | null;
  #renditions: readonly Rendition[] | null;
  /** The leg whose first parts are awaited, with the renditions still without one. */
  #awaited: { leg: PlannedLeg; renditions: Set<string> } | null = null;
  #isFeeding = false;

  constructor(options: LegFeederOptions) {
    this.#options = options;
    const started = options.past.find((event) => event.type === 'playback.started');
    this.#renditions = started?.renditions ?? null;
    this.#packager = started === undefined ? null : this.#makePackager(started);
  }

  /** Fixed by the first leg; null before. */
  get renditions(): readonly Rendition[] | null {
    return this.#renditions;
  }

  /** Where the next leg begins at the earliest; null before the first sample. */
  get timeline(): TimelinePoint | null {
    return this.#packager?.timeline ?? null;
  }

  /** Takes all that this source gives. The source before it has ended. */
  attach(source: LiveSource): void {
    let frameRate = 0;
    source.on('planned', (leg) => {
      frameRate = leg.source.video?.frameRate ?? 0;
      this.#startLeg(leg);
    });
    source.on('data', (rendition, bytes) => this.#write(rendition, bytes));
    source.on('legEnded', ({ reason, timeline }) => {
      this.endLeg();
      if (reason === 'encoderFailed' || reason === 'encoderTooSlow')
        source.leftOut(Math.floor(this.#missingSec(timeline) * frameRate));
    });
  }

  /** What the encoder had taken and didn't give. */
  #missingSec(until: TimelinePoint): number {
    const reached = this.timeline?.mediaTimeSec ?? until.mediaTimeSec;
    return Math.max(0, until.mediaTimeSec - tailroomSec - reached);
  }

  endLeg(): void {
    this.#isFeeding = false;
    this.#awaited = null;
    this.#packager?.endLeg();
  }

  /** Ends the playback. */
  end(): void {
    this.endLeg();
    this.#packager?.end();
  }

  #startLeg(leg: PlannedLeg): void {
    try {
      this.#begin(leg);
    } catch (error) {
      this.#unusable(error);
    }
  }

  #begin(leg: PlannedLeg): void {
    const packager = this.#packagerFor(leg);
    const expected = leg.plan.renditions.map(({ id }) => id);
    this.#awaited = { leg, renditions: new Set(expected) };
    const { mediaTimeSec, programDateTimeMs } = leg;
    packager.startLeg({ leg: packager.state.nextLeg, mediaTimeSec, programDateTimeMs, expected });
    this.#isFeeding = true;
  }

  #write(rendition: string, bytes: Uint8Array): void {
    if (!this.#isFeeding) return;
    try {
      this.#packager?.write(rendition, bytes);
    } catch (error) {
      this.#unusable(error);
    }
  }

  #unusable(error: unknown): void {
    this.endLeg();
    this.#options.onUnusable(error);
  }

  #packagerFor(leg: PlannedLeg): Packager {
    if (this.#packager !== null) return this.#packager;
    const { segmentTargetSec, preferredPartSec } = this.#options;
    const picture = leg.renditions.find((rendition) => rendition.kind === 'video');
    this.#renditions = leg.renditions;
    this.#packager = this.#makePackager({
      renditions: leg.renditions,
      targetDurationSec: Math.max(1, Math.round(segmentTargetSec)),
      partTargetSec: choosePartTarget(picture?.frameRate ?? null, preferredPartSec),
    });
    return this.#packager;
  }

  #makePackager(fixed: Omit<PlaybackStarted, 'type'>): Packager {
    const { fence, segmentTargetSec, past, log } = this.#options;
    const { renditions, targetDurationSec, partTargetSec } = fixed;
    return new Packager({
      renditions,
      targetDurationSec,
      partTargetSec,
      segmentTargetSec,
      fence,
      ...(past.length === 0 ? {} : { resumeFrom: packagerStateOf(past) }),
      onEvent: (event) => this.#emit(event),
      onWarning: (warning) => log.warn({ warning }, 'packager made the best of it'),
    });
  }

  #emit(event: MediaEvent): void {
    this.#options.onEvent(event);
    if (event.type !== 'part.written' || this.#awaited === null) return;
    const { leg, renditions } = this.#awaited;
    renditions.delete(event.rendition);
    if (renditions.size > 0) return;
    this.#awaited = null;
    this.#options.onPlayable(leg);
  }
}
