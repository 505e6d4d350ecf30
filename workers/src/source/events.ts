import type { FrameCounts, HealthWarning } from '@maydan/contracts';
import type { LegPlan } from '../ladder/planLeg.ts';
import type { Rendition } from '../live/events.ts';
import type { LegEndReason } from './conditioned.ts';
import type { SourceInfo } from './sourceInfo.ts';

/** A media time and the wall clock (Unix ms) of it. */
export interface TimelinePoint {
  readonly mediaTimeSec: number;
  readonly programDateTimeMs: number;
}

/** A leg about to give data. */
export interface PlannedLeg {
  /** Number of the leg within this connection, from 0; the Packager numbers legs over the whole session. */
  readonly index: number;
  /** The session's fixed renditions: chosen now if the options had none. `data` comes for each of them. */
  readonly renditions: readonly Rendition[];
  /** What each rendition does in this leg (copied, encoded, slate). */
  readonly plan: LegPlan;
  readonly source: SourceInfo;
  readonly mediaTimeSec: number;
  /** Wall clock of `mediaTimeSec`: when the picture reached us, as near as we know. */
  readonly programDateTimeMs: number;
}

export interface EndedLeg {
  readonly index: number;
  /** `encoderFailed` and `encoderTooSlow` mean that data may be missing at its end. */
  readonly reason: LegEndReason;
  /** Where the next leg begins at the earliest. */
  readonly timeline: TimelinePoint;
}

/**
 * Why a connection ended.
 * - `ended`: the relay closed the stream. `stalled`: no byte for 5 s. `refused`: HTTP status other than 200.
 *   `unreachable`: no connection. These are worth another connection within the grace period.
 * - `invalid`: not FLV. `noMedia`: nothing that can be played within 10 s. `unsupportedCodec`: only VP8, H.263, ….
 * - `encoderFailed`: ffmpeg failed again and again. `stopped`: we were asked to.
 */
export type SourceEndReason =
  | 'ended'
  | 'stalled'
  | 'refused'
  | 'unreachable'
  | 'invalid'
  | 'noMedia'
  | 'unsupportedCodec'
  | 'encoderFailed'
  | 'stopped';

export interface SourceEnd {
  readonly reason: SourceEndReason;
  /** For logs; may hold ffmpeg's last lines. */
  readonly detail: string;
  readonly timeline: TimelinePoint;
}

/** Told every 2 s while data flows, and at once when a warning comes or goes. */
export interface SourceHealth {
  readonly video: {
    readonly codec: string;
    readonly width: number;
    readonly height: number;
    /** Measured over the last seconds. */
    readonly frameRate: number;
    readonly keyFrameIntervalSec: number | null;
  } | null;
  /** Null without pictures. */
  readonly frames: FrameCounts | null;
  readonly audio: { readonly codec: string; readonly sampleRateHz: number; readonly channels: number } | null;
  readonly inputBitrateBps: number;
  /** 1 = keeps up with real time; null until measured. */
  readonly encoderSpeed: number | null;
  /** Those that hold now or came up within the last minute. */
  readonly warnings: readonly HealthWarning[];
}
