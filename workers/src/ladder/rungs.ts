import type { VideoInfo } from '../source/sourceInfo.ts';

export const audioBitrateBps = 128_000;
/** Sizes of the ladder, by the short side. */
export const rungs = [1080, 720, 480, 360] as const;
export const smallestRung = 360;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Pixels of 16:9 rungs and the bit rates that suit them, plain and at 50 or 60 frames per second. */
const bitrates = [
  { pixels: 640 * 360, plainBps: 600_000, fastBps: 600_000 },
  { pixels: 854 * 480, plainBps: 1_200_000, fastBps: 1_200_000 },
  { pixels: 1280 * 720, plainBps: 2_500_000, fastBps: 3_500_000 },
  { pixels: 1920 * 1080, plainBps: 4_500_000, fastBps: 6_000_000 },
] as const;

/** Bit rate for a picture of any size: between the rungs in proportion, below them somewhat more per pixel. */
export function videoBitrateBps(size: Size, frameRate: number): number {
  const pixels = size.width * size.height;
  const rate = (row: (typeof bitrates)[number]): number => (frameRate > 35 ? row.fastBps : row.plainBps);
  const upper = bitrates.findIndex((row) => row.pixels >= pixels);
  const above = bitrates[upper < 0 ? bitrates.length - 1 : upper] ?? bitrates[0];
  const below = bitrates[upper - 1];
  if (upper < 0) return rate(above);
  if (below === undefined) return Math.max(150_000, round(rate(above) * (pixels / above.pixels) ** 0.6));
  const share = (pixels - below.pixels) / (above.pixels - below.pixels);
  return round(rate(below) + share * (rate(above) - rate(below)));
}

const round = (bps: number): number => Math.round(bps / 10_000) * 10_000;

/** Size as shown: pixels that aren't square are made so in width. */
export function shownSize(video: Pick<VideoInfo, 'width' | 'height' | 'pixelAspect'>): Size {
  return { width: Math.round(video.width * video.pixelAspect), height: video.height };
}

export function shortSide(size: Size): number {
  return Math.min(size.width, size.height);
}

/** The picture with this short side (never larger than it is), sides even as 4:2:0 needs them. */
export function scaledTo(size: Size, side: number): Size {
  const factor = Math.min(1, side / shortSide(size));
  const even = (length: number): number =>
    Math.max(2, Math.min(Math.round((length * factor) / 2) * 2, length - (length % 2)));
  return { width: even(size.width), height: even(size.height) };
}
