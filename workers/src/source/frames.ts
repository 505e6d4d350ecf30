import type { AacConfig } from './aacConfig.ts';
import type { VideoConfig } from './videoConfig.ts';

/** An access unit on the connection's continuous clock. */
export interface VideoFrame {
  /** Decode time. */
  readonly timeMs: number;
  /** Presentation time less decode time. */
  readonly compositionMs: number;
  /** Decoding can begin here. */
  readonly key: boolean;
  /** A key frame that any player can begin with, so that it may be passed on as one. */
  readonly idr: boolean;
  /** As FLV carries the codec: of H.264 and HEVC, NAL units with their lengths before them. */
  readonly data: Uint8Array;
  readonly config: VideoConfig;
}

export interface SoundFrame {
  readonly timeMs: number;
  readonly data: Uint8Array;
  readonly config: AacConfig;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
