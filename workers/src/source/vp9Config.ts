import { parseVp9KeyFrame, type Sps } from '@maydan/common';

/** VP9 needs no configuration; what its pictures are stands in each key frame. */
export interface Vp9Config {
  readonly codec: 'vp9';
  readonly record: Uint8Array;
  readonly sps: Sps;
}

const nothing = new Uint8Array(0);

/** Of a key frame; null when it says the same as `current`, or is none. */
export function vp9ConfigWithin(frame: Uint8Array, current: Vp9Config | null): Vp9Config | null {
  const key = parseVp9KeyFrame(frame);
  if (key === null) return null;
  const known = current?.sps;
  const isSame = known?.width === key.width && known.height === key.height && known.bitDepth === key.bitDepth;
  if (isSame && known.profile === key.profile) return null;
  const unsaid = { level: 0, pixelAspect: 1, mayBeInterlaced: false, frameRate: null, reorderFrames: null };
  return { codec: 'vp9', record: nothing, sps: { ...key, ...unsaid } };
}
