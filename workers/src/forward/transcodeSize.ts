import { legCores } from '../ladder/cost.ts';
import type { VideoConfig } from '../source/videoConfig.ts';

/** What the transcode for WebRTC may be large at most: it is a stopgap until the broadcaster changes a setting. */
const longestSide = 1_280;
const bitsPerPixel = 0.08;
/** Of a source that tells none. */
export const assumedFrameRate = 30;
const leastBitrateBps = 300_000;

/** Target of the transcode by the size of the source. */
export function transcodeSize({ width, height }: { width: number; height: number }): {
  longestSide: number;
  bitrateBps: number;
} {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const pixels = width * scale * height * scale;
  const bitrateBps = Math.max(leastBitrateBps, Math.round(pixels * assumedFrameRate * bitsPerPixel));
  return { longestSide, bitrateBps };
}

/** Cores that it takes, decoding included. */
export function transcodeCores({ codec, sps }: Pick<VideoConfig, 'codec' | 'sps'>): number {
  const { width, height, frameRate } = sps;
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const rate = frameRate ?? assumedFrameRate;
  const encoded = { width: width * scale, height: height * scale };
  return legCores({ codec, width, height, frameRate: rate }, [encoded], rate);
}
