import type { MediaEvent, Rendition } from '../live/events.ts';
import type { PackagerState } from './PackagerFold.ts';

export interface PackagerOptions {
  /** Fixed for the session; the first video rendition is the reference that decides where segments begin. */
  readonly renditions: readonly Rendition[];
  /** EXT-X-TARGETDURATION, whole seconds. No segment is planned longer than what rounds to it. */
  readonly targetDurationSec: number;
  /** From `choosePartTarget`. */
  readonly partTargetSec: number;
  /** A segment ends at the first key frame this long after its start. */
  readonly segmentTargetSec: number;
  /** Of this worker's run; part of every URI. */
  readonly fence: number;
  /** What was produced before, by another Packager (`packagerStateOf`). */
  readonly resumeFrom?: PackagerState;
  /** Called synchronously from the Packager's methods, in order. */
  readonly onEvent: (event: MediaEvent) => void;
  readonly onWarning?: (warning: PackagerWarning) => void;
  /** Media that other renditions may be ahead of a reference that stalls, before one of them takes over; default 3. */
  readonly holdLimitSec?: number;
}

export interface LegStart {
  /** Number in the session; at least the next one. */
  readonly leg: number;
  readonly mediaTimeSec: number;
  /** Unix ms of that media time; raised where it would go back. */
  readonly programDateTimeMs: number;
  /** Ids of the renditions that get data in this leg. The others get gaps. */
  readonly expected: readonly string[];
}

/**
 * What was made the best of.
 * - `keyFrameMissing`: a segment of this rendition doesn't begin with a key frame.
 * - `referenceStalled`: this rendition fell behind so far that the others stopped waiting for it.
 * - `timelineMoved`: a leg's times overlapped what was there, and were moved later by so much.
 */
export type PackagerWarning =
  | {
      readonly kind: 'keyFrameMissing';
      readonly rendition: string;
      readonly msn: number;
      readonly mediaTimeSec: number;
    }
  | { readonly kind: 'referenceStalled'; readonly rendition: string; readonly mediaTimeSec: number }
  | { readonly kind: 'timelineMoved'; readonly leg: number; readonly bySec: number };
