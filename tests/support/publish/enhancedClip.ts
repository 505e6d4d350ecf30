import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { audioSource, videoSource, type TestPattern } from './testPattern.ts';

const run = promisify(execFile);
const ffmpeg = process.env['FFMPEG_PATH'] ?? 'ffmpeg';

/** A message of an RTMP publisher, or an FLV tag's body; times from 0 on. */
export interface ClipMessage {
  readonly kind: 'audio' | 'video';
  readonly timestampMs: number;
  readonly payload: Buffer;
}

export interface EnhancedCodec {
  readonly fourCc: string;
  /** ffmpeg's options of the encoder. */
  readonly encoder: readonly string[];
  /** Box of an MP4 that holds the decoder's configuration. */
  readonly configBox: string;
}

export const hevc: EnhancedCodec = {
  fourCc: 'hvc1',
  encoder: ['libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:pools=1', '-tag:v', 'hvc1'],
  configBox: 'hvcC',
};

export const av1: EnhancedCodec = {
  fourCc: 'av01',
  encoder: ['libsvtav1', '-preset', '12'],
  configBox: 'av1C',
};

export const vp9: EnhancedCodec = {
  fourCc: 'vp09',
  encoder: ['libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8'],
  configBox: 'vpcC',
};

interface ProbedPacket {
  readonly codec_type: 'audio' | 'video';
  readonly pts_time: string;
  readonly dts_time: string;
  readonly size: string;
  readonly pos: string;
  readonly flags: string;
}

/**
 * The test pattern with its picture in another codec than H.264, as publishers send it by Enhanced RTMP (v1, as OBS and
 * ffmpeg from 6.1 on). The ffmpeg of Debian 12 encodes all of these but can't write them as FLV, so its MP4 is taken apart.
 */
export async function enhancedClip(pattern: TestPattern, codec: EnhancedCodec): Promise<ClipMessage[]> {
  const dir = await mkdtemp(join(tmpdir(), 'maydan-enhanced-'));
  try {
    const file = join(dir, 'clip.mp4');
    await run(ffmpeg, encodeArguments(pattern, codec, file));
    const probe = ['-v', 'error', '-show_entries', 'packet=codec_type,pts_time,dts_time,size,pos,flags'];
    const { stdout } = await run('ffprobe', [...probe, '-of', 'json', file], { maxBuffer: 2 ** 26 });
    const { packets } = JSON.parse(stdout) as { packets: ProbedPacket[] };
    return messagesOf(await readFile(file), packets, codec, audioConfig(pattern));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function encodeArguments(pattern: TestPattern, { encoder }: EnhancedCodec, file: string): string[] {
  const group = String(Math.round(pattern.frameRate * (pattern.keyFrameIntervalSec ?? 1)));
  return [
    ...['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', videoSource(pattern)],
    ...['-f', 'lavfi', '-i', audioSource(pattern), '-t', String(pattern.durationSec ?? 5)],
    ...['-c:v', ...encoder, '-g', group, '-keyint_min', group, '-bf', String(pattern.bFrames ?? 0)],
    ...['-b:v', `${pattern.videoBitrateKbps ?? 500}k`, '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-b:a', '96k', '-ac', String(pattern.audioChannels ?? 2), file],
  ];
}

const codedFrames = 1;
const [keyFrame, interFrame] = [1, 2];

function messagesOf(
  movie: Buffer,
  packets: readonly ProbedPacket[],
  { fourCc, configBox }: EnhancedCodec,
  audioConfig: Buffer,
): ClipMessage[] {
  const firstMs = Math.min(...packets.map(({ dts_time }) => Number(dts_time) * 1_000));
  const frames = packets.map((packet): ClipMessage => {
    const { codec_type: kind, pts_time, dts_time, flags } = packet;
    const data = movie.subarray(Number(packet.pos), Number(packet.pos) + Number(packet.size));
    const timestampMs = Math.round(Number(dts_time) * 1_000 - firstMs);
    if (kind === 'audio')
      return { kind, timestampMs, payload: Buffer.concat([Buffer.from([0xaf, 1]), data]) };
    const composition = Buffer.alloc(fourCc === 'hvc1' ? 3 : 0);
    const compositionMs = Math.round(Number(pts_time) * 1_000 - firstMs) - timestampMs;
    if (composition.length > 0) composition.writeIntBE(compositionMs, 0, 3);
    const head = enhancedHead(flags.includes('K') ? keyFrame : interFrame, codedFrames, fourCc);
    return { kind, timestampMs, payload: Buffer.concat([head, composition, data]) };
  });
  const configHead = enhancedHead(keyFrame, 0, fourCc);
  const config = Buffer.concat([configHead, boxContent(movie, configBox)]);
  return [
    // As ffmpeg 7 does with libaom.
    ...(fourCc === av1.fourCc ? [{ kind: 'video' as const, timestampMs: 0, payload: configHead }] : []),
    { kind: 'video', timestampMs: 0, payload: config },
    { kind: 'audio', timestampMs: 0, payload: audioConfig },
    ...frames.toSorted((a, b) => a.timestampMs - b.timestampMs),
  ];
}

const isEnhanced = 0x80;

function enhancedHead(frameType: number, packetType: number, fourCc: string): Buffer {
  return Buffer.concat([
    Buffer.from([isEnhanced | (frameType << 4) | packetType]),
    Buffer.from(fourCc, 'latin1'),
  ]);
}

function boxContent(movie: Buffer, name: string): Buffer {
  const at = movie.indexOf(name, 0, 'latin1');
  if (at < 4) throw new Error(`the movie has no ${name}`);
  return movie.subarray(at + 4, at - 4 + movie.readUInt32BE(at - 4));
}

const sampleRates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000];
const aacLowComplexity = 2;

/** AudioSpecificConfig as a sequence header. */
function audioConfig({ audioRateHz = 48_000, audioChannels = 2 }: TestPattern): Buffer {
  const bits = (aacLowComplexity << 11) | (sampleRates.indexOf(audioRateHz) << 7) | (audioChannels << 3);
  return Buffer.from([0xaf, 0, bits >> 8, bits & 255]);
}
