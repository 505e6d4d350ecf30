/** Where playback shall begin: the live edge, the beginning, a moment of the broadcast, or a position. */
export type StartPoint = 'live' | 'start' | { readonly dateMs: number } | { readonly positionSec: number };

/** One entry of the quality menu; `id` survives a reload of the playlist. */
export interface Quality {
  readonly id: string;
  readonly heightPx: number;
  readonly frameRate: number;
  readonly bitrateBps: number;
}

/** Id of the quality that the player chooses by itself. */
export const autoQuality = 'auto';
/** Id of the quality that loads no picture at all. */
export const audioQuality = 'audio';

/** What an engine knows at this moment. Times are seconds of the video element's timeline. */
export interface EngineState {
  /** Null until a media playlist was read. */
  readonly live: boolean | null;
  readonly windowStartSec: number;
  readonly windowEndSec: number;
  /** Where a viewer who follows the live edge should be; null for a recording. */
  readonly liveSyncSec: number | null;
  /** Distance from the newest media that the playlist offers. */
  readonly edgeLatencySec: number | null;
  readonly targetLatencySec: number | null;
  readonly targetDurationSec: number;
  /** Wall clock of the moment on screen, from EXT-X-PROGRAM-DATE-TIME. */
  readonly dateMs: number | null;
  readonly qualities: readonly Quality[];
  readonly selectedQuality: string;
  /** What is on screen now. */
  readonly activeQuality: string | null;
  /** The source has no picture, or none is loaded by choice. */
  readonly audioOnly: boolean;
  /** Where sound alone can be had; null when there is nothing to leave out. */
  readonly audioUrl: string | null;
  readonly bandwidthBps: number | null;
  /** Milliseconds since a playlist was last read, or asked for by the owner; null for a recording, and where nobody knows. */
  readonly silentMs: number | null;
}

export type FaultKind = 'network' | 'media' | 'unsupported';
/** A fault that the engine could not get over alone. */
export interface Fault {
  readonly kind: FaultKind;
  readonly detail: string;
  readonly httpStatus: number | null;
}

export interface EngineEvents {
  /** Something in `state()` changed. */
  changed(): void;
  /** Loading has stopped; the owner decides how to go on. */
  failed(fault: Fault): void;
}

/** Plays one HLS URL in one video element. Single use: `open` once, then `close`. */
export interface PlaybackEngine {
  readonly name: 'hls.js' | 'native';
  open(url: string, start: StartPoint): void;
  state(): EngineState;
  /** Goes on loading after a network fault, from where it was. */
  resume(): void;
  /** Resets the decoder after a media fault, at the same position. */
  recoverMedia(): void;
  selectQuality(id: string): void;
  close(): void;
}
