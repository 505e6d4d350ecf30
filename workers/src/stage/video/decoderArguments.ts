import type { VideoCodec } from '../rtp/PictureAssembler.ts';

/** How a picture has to come out. */
export interface TileShape {
  /** Even. */
  readonly width: number;
  readonly height: number;
  /** `cover`: people, cropped a little to fill the tile unless they are upright. `contain`: screens, shown whole. */
  readonly fit: 'cover' | 'contain';
}

export const sameShape = (a: TileShape, b: TileShape): boolean =>
  a.width === b.width && a.height === b.height && a.fit === b.fit;

/** Pictures narrower than this are upright: cropping would take half of them. */
const uprightAspect = 1.2;

/** Anything of this tile's codec in, raw pictures of the tile's size out (where to is still to be said), each as soon as it is decoded, with its time in ms. */
export function decoderArguments(codec: VideoCodec, shape: TileShape): string[] {
  return [
    // The codec and its configuration are known: nothing is to be found out, which would hold the first pictures back.
    ...['-flags', 'low_delay', '-probesize', '32', '-analyzeduration', '1'],
    ...['-fpsprobesize', '0', '-threads', '1', ...demuxer[codec], '-copyts', '-i', 'pipe:0'],
    ...['-an', '-vf', fitFilters(shape), '-filter_threads', '1', '-fps_mode', 'passthrough'],
    // Even the encoder of raw pictures has frame threads, each of which would hold a picture back.
    ...['-c:v', 'rawvideo', '-threads', '1', '-pix_fmt', 'yuv420p', '-enc_time_base', '1/1000'],
  ];
}

const demuxer: Record<VideoCodec, readonly string[]> = {
  h264: ['-f', 'flv', '-c:v', 'h264'],
  vp8: ['-f', 'ivf', '-c:v', 'vp8'],
  // libvpx shows only the last frame of a superframe, which is what spatial layers need.
  vp9: ['-f', 'ivf', '-c:v', 'libvpx-vp9'],
  av1: ['-f', 'ivf', '-c:v', 'libdav1d'],
};

/** Filters are set up anew by ffmpeg when the size of the input changes, so every size ends up in the tile. */
export function fitFilters({ width, height, fit }: TileShape): string {
  const wide = `max(${width},2*trunc(${height}*dar/2+0.5))`;
  const tall = `max(${height},2*trunc(${width}/dar/2+0.5))`;
  const narrow = `min(${width},2*trunc(${height}*dar/2+0.5))`;
  const flat = `min(${height},2*trunc(${width}/dar/2+0.5))`;
  const covers = `gte(dar,${uprightAspect})`;
  const [w, h] =
    fit === 'contain' ? [narrow, flat] : [`if(${covers},${wide},${narrow})`, `if(${covers},${tall},${flat})`];
  return [
    `scale=w='${w}':h='${h}':flags=bilinear`,
    `crop=w='min(iw,${width})':h='min(ih,${height})'`,
    `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2`,
    'setsar=1',
    'format=yuv420p',
  ].join(',');
}
