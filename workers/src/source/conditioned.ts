import type { HealthWarning } from '@maydan/contracts';
import type { EncoderInput } from './input/EncoderInput.ts';
import type { SourceInfo } from './sourceInfo.ts';

/** Why a leg ended; `encoderFailed` and `encoderTooSlow` mean that data may be missing at its end. */
export type LegEndReason =
  | 'configurationChanged'
  | 'keyFrameIntervalTooLong'
  | 'cadenceLost'
  | 'videoLost'
  | 'videoReturned'
  | 'encoderFailed'
  | 'encoderTooSlow'
  | 'sourceEnded';

/** What is told of a stream without the time since when. */
export type Warning = Pick<HealthWarning, 'code' | 'owner' | 'message'>;

/** What the caller decided for a leg. */
export interface LegRules {
  /** A rendition passes the source's own pictures on, which therefore have to keep their cadence. */
  readonly copiesVideo: boolean;
  /** The session has pictures: without a video track a black one stands in. */
  readonly takesVideo: boolean;
  /** Frames per second of the session. */
  readonly frameRate: number;
}

/** A leg that begins; what its encoder reads follows. */
export interface ConditionedLeg {
  readonly source: SourceInfo;
  readonly rules: LegRules;
  /** What its encoder has to read it as. */
  readonly format: EncoderInput['format'];
  /** Milliseconds of the input before the output begins: pictures there are only for the decoder to start from. */
  readonly leadInMs: number;
  /** Wall clock (Unix ms) of the moment at which the output begins. */
  readonly programDateTimeMs: number;
}

/**
 * In order: (`leg.planned` → `media`… → `leg.ended`)*, `warning` anywhere, `failed` last.
 */
export type ConditionedEvent =
  | { readonly type: 'leg.planned'; readonly leg: ConditionedLeg }
  | { readonly type: 'media'; readonly bytes: Uint8Array }
  | {
      readonly type: 'leg.ended';
      readonly reason: LegEndReason;
      /** From the beginning of the leg's output to the end of the last picture or sound in it. */
      readonly durationMs: number;
    }
  | { readonly type: 'warning'; readonly warning: Warning }
  | { readonly type: 'failed'; readonly reason: 'noMedia' | 'unsupportedCodec' };
