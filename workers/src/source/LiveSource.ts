import { EventEmitter } from 'node:events';
import type { HealthWarning } from '@maydan/contracts';
import type { Logger } from '@maydan/common';
import type { Rendition } from '../live/events.ts';
import type { LegPlan } from '../ladder/planLeg.ts';
import type { SourceInfo } from './sourceInfo.ts';

/**
 * One connection of a publisher (one epoch), from the relay's HTTP-FLV to fragmented MP4 per rendition.
 * Owns the RelayReader, the FlvConditioner and one LegEncoder (ffmpeg) per leg. Single use: make a new one for
 * each connection.
 *
 * ```ts
 * const source = new LiveSource({ relayUrl, mintToken, ffmpegPath, cpuBudgetCores, renditions: null, timeline: null, log });
 * source.on('planned', (leg) => …);           // Packager: playback.started on the very first, then leg.started
 * source.on('data', (rendition, bytes) => …); // feed the rendition's FragmentReader (a new reader per leg)
 * source.on('legEnded', (leg) => …);          // finish the FragmentReaders, Packager.endLeg()
 * source.on('health', (health) => …);
 * source.on('ended', (end) => …);             // reconnect (new LiveSource with `renditions` and `timeline`) or stop
 * source.start();
 * ```
 *
 * Order guaranteed: (`planned` → `data`… → `legEnded`)* → `ended`; legs never overlap in events; `ended` comes
 * exactly once, also after `stop()` and `close()`, and nothing follows it. No event comes before `start()` returns.
 *
 * Bytes of each rendition and leg are one complete fragmented MP4: `ftyp moov (moof mdat)…`, one frame per
 * fragment, video in a time scale of 90000, audio 48000. `baseMediaDecodeTime` is the absolute media time
 * (no edit lists). Renditions are aligned by *presentation* time: a copied rendition with B-frames has decode
 * times earlier than presentation times, an encoded one has them equal. Key frames of all video renditions of a leg
 * have the same presentation times (the key frames of a copied rendition are the reference; an encoder may add
 * none of its own besides its first frame). No sample of a leg is presented before the leg's `mediaTimeSec`.
 */
export declare class LiveSource extends EventEmitter<LiveSourceEvents> {
  constructor(options: LiveSourceOptions);
  /** Begins to pull; failures are told by `ended`, never thrown. */
  start(): void;
  /** Stops reading, lets the encoder finish what it has (a second or less), then `ended('stopped')`. */
  stop(): Promise<void>;
  /** Kills at once: what the encoder still holds is lost. `ended('stopped')` follows. Idempotent. */
  close(): Promise<void>;
  /** Where the next leg or connection has to continue; valid at any time, final after `ended`. */
  get timeline(): TimelinePoint;
  /** The fixed renditions, null until the first `planned`. */
  get renditions(): readonly Rendition[] | null;
}

/** A media time and the wall clock (Unix ms) of it. */
export interface TimelinePoint {
  readonly mediaTimeSec: number;
  readonly programDateTimeMs: number;
}

export interface LiveSourceOptions {
  /** HTTP-FLV address of the relay. */
  readonly relayUrl: string;
  /** Gives a fresh relay token; called once per `start`. */
  readonly mintToken: () => string | Promise<string>;
  readonly ffmpegPath: string;
  /** Cores the whole ladder may cost; decides which renditions a new session gets and the encoders' threads. */
  readonly cpuBudgetCores: number;
  /** Null on the first connection of a session; else the session's fixed renditions (from `playback.started`). */
  readonly renditions: readonly Rendition[] | null;
  /**
   * Null on the first connection: media time begins at 10 s, so that decode times before presentation times stay
   * positive. Else the end of what was packaged so far; the first leg begins at or after it, in both clocks.
   */
  readonly timeline: TimelinePoint | null;
  readonly log: Logger;
  /** Folder for the encoder's sockets, a short path; default the system's temporary folder. */
  readonly socketRoot?: string;
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

/** Why a leg ended; only `encoderFailed` means that data may be missing at its end. */
export type LegEndReason =
  | 'configurationChanged'
  | 'keyFrameIntervalTooLong'
  | 'cadenceLost'
  | 'videoLost'
  | 'videoReturned'
  | 'encoderFailed'
  | 'sourceEnded';

export interface EndedLeg {
  readonly index: number;
  readonly reason: LegEndReason;
  /** Where the next leg begins at the earliest. */
  readonly timeline: TimelinePoint;
}

/**
 * Why a connection ended.
 * - `ended`: the relay closed the stream. `stalled`: no byte for 5 s. `refused`: HTTP status other than 200.
 *   `unreachable`: no connection. These are worth another connection within the grace period.
 * - `invalid`: not FLV. `noMedia`: nothing that can be played within 10 s. `unsupportedCodec`: only HEVC, AV1, ….
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
  readonly audio: { readonly codec: string; readonly sampleRateHz: number; readonly channels: number } | null;
  readonly inputBitrateBps: number;
  /** 1 = keeps up with real time; null until measured. */
  readonly encoderSpeed: number | null;
  /** Those that hold now or came up within the last minute. */
  readonly warnings: readonly HealthWarning[];
}

export interface LiveSourceEvents {
  planned: [leg: PlannedLeg];
  data: [renditionId: string, bytes: Uint8Array];
  legEnded: [leg: EndedLeg];
  health: [health: SourceHealth];
  ended: [end: SourceEnd];
}
