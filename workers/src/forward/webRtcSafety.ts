import type { HealthWarning } from '@maydan/contracts';
import type { VideoConfig } from '../source/videoConfig.ts';

/** Why a picture can't be passed on to browsers as it is. */
export interface Unsafe {
  readonly safe: false;
  readonly code: Extract<HealthWarning['code'], 'bFrames' | 'notWebRtcSafe'>;
  /** What the picture has that WebRTC can't carry, and what the broadcaster can do. */
  readonly reason: string;
}
export type Safety = { readonly safe: true } | Unsafe;

/** Baseline, main, high: what every browser decodes, whatever it negotiated. */
const safeProfiles = new Set([66, 77, 100]);
/** 5.2: the highest that browsers offer. */
const highestLevel = 52;
const profileNames: Readonly<Record<number, string>> = {
  66: 'baseline',
  77: 'main',
  88: 'extended',
  100: 'high',
  110: 'high 10',
  122: 'high 4:2:2',
  244: 'high 4:4:4',
};

/** By the configuration alone; B-frames show in the composition times, see `ReorderWatch`. */
export function judge({ codec, sps }: Pick<VideoConfig, 'codec' | 'sps'>): Safety {
  if (codec !== 'h264') {
    const fault = 'which not every browser takes in WebRTC';
    return notSafe(`is ${codec.toUpperCase()}`, 'Choose H.264 (AVC) in the encoder.', fault);
  }
  const advice = 'Choose 8 bit 4:2:0 H.264 with profile baseline, main or high in the encoder.';
  if (sps.bitDepth !== 8) return notSafe(`has ${sps.bitDepth} bits per sample`, advice);
  if (sps.chromaFormat !== 1) return notSafe(`has chroma format ${chromaName(sps.chromaFormat)}`, advice);
  if (!safeProfiles.has(sps.profile)) return notSafe(`has H.264 profile ${profileName(sps.profile)}`, advice);
  if (sps.mayBeInterlaced)
    return notSafe('has interlaced pictures', 'Choose progressive video in the encoder.');
  if (sps.level > highestLevel) {
    const level = (sps.level / 10).toFixed(1);
    return notSafe(`has H.264 level ${level}`, 'Choose a smaller picture or a lower frame rate.');
  }
  return { safe: true };
}

export const hasBFrames: Unsafe = {
  safe: false,
  code: 'bFrames',
  reason:
    'The video has B-frames, which WebRTC can not carry. It is encoded anew for sub-second viewers, which costs quality and a moment; set B-frames to 0 in the encoder.',
};

function notSafe(what: string, advice: string, fault = 'which WebRTC can not carry'): Unsafe {
  const reason = `The video ${what}, ${fault}. It is encoded anew for sub-second viewers. ${advice}`;
  return { safe: false, code: 'notWebRtcSafe', reason };
}

const profileName = (profile: number): string => profileNames[profile] ?? String(profile);
const chromaName = (format: number): string => ['4:0:0', '4:2:0', '4:2:2', '4:4:4'][format] ?? String(format);

/** So many frames with one and the same composition time are enough to know that nothing is reordered. */
const framesToTrust = 6;

/**
 * Finds B-frames: they make presentation order differ from decoding order, so that composition times differ. An encoder
 * that adds one constant to all of them reorders nothing.
 */
export class ReorderWatch {
  #constantMs: number | null = null;
  #frames = 0;
  #reorders = false;

  /** FLV tells whole milliseconds, so that a constant may show as two neighbours. */
  add(compositionMs: number): void {
    this.#constantMs ??= compositionMs;
    this.#frames += 1;
    if (Math.abs(compositionMs - this.#constantMs) > 2) this.#reorders = true;
  }

  /** `unknown` only for a moment, and only when the first frames are not presented as they are decoded. */
  get verdict(): 'inOrder' | 'reordered' | 'unknown' {
    if (this.#reorders) return 'reordered';
    if (this.#constantMs === 0 || this.#frames >= framesToTrust) return 'inOrder';
    return 'unknown';
  }
}
