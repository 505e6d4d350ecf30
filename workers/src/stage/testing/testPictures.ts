import { runWithPipes } from '../../packager/testing/ffmpeg.ts';
import type { VideoCodec } from '../rtp/PictureAssembler.ts';
import type { EncodedPicture } from '../rtp/pictures.ts';
import { fromFlv, fromIvf, lengthOf } from './clip.ts';

const realTime = ['-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0', '-auto-alt-ref', '0'];
const encoders: Record<VideoCodec, readonly string[]> = {
  h264: ['libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-f', 'flv'],
  vp8: ['libvpx', ...realTime, '-f', 'ivf'],
  vp9: ['libvpx-vp9', ...realTime, '-f', 'ivf'],
  av1: ['libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-f', 'ivf'],
};

export interface TestPictureOptions {
  readonly codec: VideoCodec;
  readonly size: string;
  readonly count?: number;
  /** ffmpeg's name. */
  readonly pixelFormat?: string;
  /** ffmpeg's name; else the picture moves. */
  readonly colour?: string;
  /** Width to height of a pixel. */
  readonly pixelShape?: string;
}

/** For tests: some pictures of any codec, as they come out of RTP; the first one is a key frame. */
export async function testPictures({
  codec,
  size,
  count = 4,
  colour,
  pixelFormat = 'yuv420p',
  pixelShape = '1/1',
}: TestPictureOptions): Promise<EncodedPicture[]> {
  const chunks: Uint8Array[] = [];
  const kind = colour === undefined ? 'testsrc=' : `color=${colour}:`;
  const source = `${kind}s=${size}:r=30:d=${count / 30},setsar=${pixelShape}`;
  await runWithPipes(
    [
      ...['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', source, '-pix_fmt', pixelFormat],
      ...['-threads', '1', '-g', '1000', '-c:v', ...encoders[codec], 'pipe:3'],
    ],
    [(bytes) => chunks.push(bytes)],
  );
  const bytes = Buffer.concat(chunks);
  const { units, parameterSets } = codec === 'h264' ? fromFlv(bytes) : fromIvf(bytes);
  const [sps, pps] = parameterSets;
  return units.map((pieces, at) => ({
    timestamp: at * 3_000,
    key: at === 0,
    data: Buffer.concat(codec === 'h264' ? pieces.flatMap((unit) => [lengthOf(unit), unit]) : pieces),
    ...(at === 0 && sps !== undefined && pps !== undefined ? { parameterSets: { sps, pps } } : {}),
  }));
}
