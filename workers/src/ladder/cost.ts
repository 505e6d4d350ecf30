import type { VideoInfo } from '../source/sourceInfo.ts';

/**
 * Cores per million pixels a second, measured with ffmpeg 5.1 (x264 veryfast, zerolatency, no B-frames) on one core
 * of an AMD EPYC at mixed motion: 1080p30 encode 0.75, 720p30 0.41, 480p30 0.18, 360p30 0.09, decode 1080p30
 * 0.10, of HEVC (5 Mbit/s) 0.14, scale from 1080p30 0.09 to 0.10. A fifth is added for scenes with more motion.
 */
const coresPerMegapixel = { encode: 0.0165, decode: 0.002, decodeOther: 0.0028, scale: 0.0019 };
const audioCores = 0.03;

interface Picture {
  readonly width: number;
  readonly height: number;
}

function megapixels(picture: Picture, frameRate: number): number {
  return (picture.width * picture.height * frameRate) / 1e6;
}

/** Cores it costs to scale from the next larger picture and encode with x264 veryfast. */
export function encodeCores(picture: Picture, scaledFrom: Picture | null, frameRate: number): number {
  const scale = scaledFrom === null ? 0 : coresPerMegapixel.scale * megapixels(scaledFrom, frameRate);
  return scale + coresPerMegapixel.encode * megapixels(picture, frameRate);
}

/** What is decoded; without a codec it counts as H.264. */
export type DecodedVideo = Pick<VideoInfo, 'width' | 'height' | 'frameRate'> & { readonly codec?: string };

/** Cores of a whole leg: decoding, every encoded picture (each scaled from the next larger one), sound. */
export function legCores(
  source: DecodedVideo | null,
  encoded: readonly Picture[],
  frameRate: number,
): number {
  if (source === null || encoded.length === 0) {
    return audioCores + encoded.reduce((sum, picture) => sum + encodeCores(picture, null, frameRate), 0);
  }
  const { decode: h264, decodeOther } = coresPerMegapixel;
  const decode =
    ((source.codec ?? 'h264') === 'h264' ? h264 : decodeOther) * megapixels(source, source.frameRate);
  const bySize = encoded.toSorted((a, b) => b.width * b.height - a.width * a.height);
  const encodes = bySize.map((picture, at) => encodeCores(picture, bySize[at - 1] ?? source, frameRate));
  return encodes.reduce((sum, cores) => sum + cores, decode + audioCores);
}

/**
 * Threads for one encoder so that it keeps up alone: x264's frame threads, each of which delays it by one frame.
 */
export function encoderThreads(picture: Picture, frameRate: number, cpuBudgetCores: number): number {
  const wanted = Math.ceil(encodeCores(picture, null, frameRate) * 2.5);
  return Math.max(1, Math.min(wanted, 4, Math.ceil(cpuBudgetCores)));
}
