import { Buffer } from 'node:buffer';
import { runWithPipes } from '../../packager/testing/ffmpeg.ts';
import { FlvParser } from '../../source/flv/FlvParser.ts';
import { parseAvcConfig } from '../../source/avcConfig.ts';
import type { VideoCodec } from '../rtp/PictureAssembler.ts';
import type { EncodedPicture } from '../rtp/pictures.ts';

/** Somebody who flashes and beeps at once, so that tests can tell people apart and see whether lips and voice agree. */
export interface Rhythm {
  /** A divisor of the clip's duration. */
  readonly periodSec: number;
  readonly toneHz: number;
  /** Colour of the picture outside the flashes (ffmpeg's name). */
  readonly colour: string;
}

export interface ClipFrame {
  /** From the beginning of the clip. */
  readonly timeMs: number;
  /** H.264: NAL units; VP8 and VP9: one frame; AV1: one temporal unit; Opus: one packet. */
  readonly units: readonly Uint8Array[];
}

/** A stretch of media that can be sent again and again. */
export interface Clip {
  readonly codec: VideoCodec;
  readonly durationMs: number;
  readonly pictures: readonly ClipFrame[];
  readonly parameterSets: readonly Uint8Array[];
  readonly sounds: readonly ClipFrame[];
}

const frameRate = 30;
const flashSec = 0.12;
/** What Opus puts before the sound (pre-skip of libopus at 48 kHz). */
const preSkipMs = 312 / 48;
const opusFrameMs = 20;

const libvpx = ['-deadline', 'realtime', '-lag-in-frames', '0', '-auto-alt-ref', '0', '-cpu-used'];
const baseline = ['-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline'];

const encoders: Record<VideoCodec, readonly string[]> = {
  vp8: ['-c:v', 'libvpx', ...libvpx, '16'],
  vp9: ['-c:v', 'libvpx-vp9', ...libvpx, '8'],
  av1: ['-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
  h264: ['-c:v', 'libx264', ...baseline, '-x264-params', 'sliced-threads=0'],
};

/** For tests: encodes a clip with ffmpeg, once, so that many can send it at little cost. */
export async function makeClip(
  { periodSec, toneHz, colour }: Rhythm,
  { size = '320x180', durationSec = 3, ...options }: ClipOptions,
): Promise<Clip> {
  const isOn = `lt(mod(t,${periodSec}),${flashSec})`;
  const picture = `color=${colour}:s=${size}:r=${frameRate}:d=${durationSec},drawbox=c=white:t=fill:enable='${isOn}'`;
  const sound = `aevalsrc=exprs='0.4*sin(2*PI*${toneHz}*t)*${isOn}':s=48000:d=${durationSec}`;
  return await encodeClip(picture, sound, { size, durationSec, ...options });
}

export interface ClipOptions {
  readonly codec: VideoCodec;
  readonly size?: string;
  readonly durationSec?: number;
  readonly keyFrameIntervalSec?: number;
  readonly bitrateKbps?: number;
}

/** Somebody who always looks and sounds the same; `level`: amplitude of the tone. */
export async function makeSteadyClip(
  { colour, toneHz, level = 0.1 }: { colour: string; toneHz: number; level?: number },
  { size = '320x180', durationSec = 1, ...options }: ClipOptions,
): Promise<Clip> {
  const picture = `color=${colour}:s=${size}:r=${frameRate}:d=${durationSec}`;
  const tone = `${level}*sin(2*PI*${toneHz}*t)`;
  // On both channels: ffmpeg would spread one over two, each 3 dB softer.
  const sound = `aevalsrc=exprs='${tone}|${tone}':s=48000:d=${durationSec}`;
  return await encodeClip(picture, sound, { size, durationSec, ...options });
}

/** Encodes what two sources of lavfi give, which end after `durationSec` by themselves; pictures come at 30 fps. */
export async function encodeClip(picture: string, sound: string, options: ClipOptions): Promise<Clip> {
  const { codec, durationSec = 3, keyFrameIntervalSec = 0.5, bitrateKbps = 300 } = options;
  const group = String(frameRate * keyFrameIntervalSec);
  const pictures: Uint8Array[] = [];
  const sounds: Uint8Array[] = [];
  await runWithPipes(
    [
      ...['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound],
      ...['-map', '0:v', ...encoders[codec], '-b:v', `${bitrateKbps}k`, '-g', group, '-keyint_min', group],
      ...['-pix_fmt', 'yuv420p', '-threads', '1', '-f', codec === 'h264' ? 'flv' : 'ivf', 'pipe:3'],
      ...[
        '-map',
        '1:a',
        '-c:a',
        'libopus',
        '-b:a',
        '64k',
        '-ac',
        '2',
        '-frame_duration',
        String(opusFrameMs),
      ],
      ...['-f', 'ogg', 'pipe:4'],
    ],
    [(bytes) => pictures.push(bytes), (bytes) => sounds.push(bytes)],
  );
  const video = codec === 'h264' ? fromFlv(Buffer.concat(pictures)) : fromIvf(Buffer.concat(pictures));
  const packets = fromOgg(Buffer.concat(sounds)).slice(0, (durationSec * 1_000) / opusFrameMs);
  return {
    codec,
    durationMs: durationSec * 1_000,
    parameterSets: video.parameterSets,
    pictures: video.units.map((units, at) => ({ timeMs: (at * 1_000) / frameRate, units })),
    sounds: packets.map((packet, at) => ({ timeMs: at * opusFrameMs - preSkipMs, units: [packet] })),
  };
}

/** The n-th picture of a clip as it comes out of RTP; `keyEvery`: as many pictures as the clip was made with from one key frame to the next. */
export function encodedPicture(
  { codec, parameterSets, pictures }: Clip,
  at: number,
  keyEvery = Infinity,
): EncodedPicture {
  const units = pictures[at]?.units ?? [];
  const timestamp = at * 3_000;
  const key = at === 0 || at % keyEvery === 0;
  if (codec !== 'h264') return { timestamp, key, data: Buffer.concat(units) };
  const data = Buffer.concat(units.flatMap((unit) => [lengthOf(unit), unit]));
  const [sps, pps] = parameterSets;
  if (!key || sps === undefined || pps === undefined) return { timestamp, key: false, data };
  return { timestamp, key, data, parameterSets: { sps, pps } };
}

/** Before each unit of H.264, as decoders take them. */
export function lengthOf(unit: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(unit.length);
  return length;
}

interface Pictures {
  readonly units: readonly (readonly Uint8Array[])[];
  readonly parameterSets: readonly Uint8Array[];
}

/** Pictures of an IVF file. */
export function fromIvf(bytes: Buffer): Pictures {
  const units: Uint8Array[][] = [];
  for (let at = 32; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    units.push([bytes.subarray(at + 12, at + 12 + length)]);
    at += 12 + length;
  }
  return { units, parameterSets: [] };
}

/** H.264 of an FLV file. */
export function fromFlv(bytes: Buffer): Pictures {
  const units: Uint8Array[][] = [];
  let parameterSets: readonly Uint8Array[] = [];
  for (const { type, body } of new FlvParser().push(bytes)) {
    if (type !== 'video') continue;
    if (body[1] === 0) parameterSets = setsOf(body.subarray(5));
    if (body[1] === 1) units.push(nalUnits(body.subarray(5)));
  }
  return { units, parameterSets };
}

function setsOf(record: Uint8Array): Uint8Array[] {
  parseAvcConfig(record);
  const view = Buffer.from(record);
  const spsLength = view.readUInt16BE(6);
  const ppsAt = 8 + spsLength + 1;
  const ppsLength = view.readUInt16BE(ppsAt);
  return [view.subarray(8, 8 + spsLength), view.subarray(ppsAt + 2, ppsAt + 2 + ppsLength)];
}

function nalUnits(data: Uint8Array): Uint8Array[] {
  const view = Buffer.from(data);
  const units: Uint8Array[] = [];
  for (let at = 0; at + 4 <= view.length;) {
    const length = view.readUInt32BE(at);
    units.push(view.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return units;
}

/** Packets of the pages of an Ogg stream (RFC 3533), without the two headers of Opus (RFC 7845). */
function fromOgg(bytes: Buffer): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let pieces: Uint8Array[] = [];
  for (let page = 0; page + 27 <= bytes.length;) {
    const count = bytes.readUInt8(page + 26);
    let at = page + 27 + count;
    for (const lacing of bytes.subarray(page + 27, page + 27 + count)) {
      pieces.push(bytes.subarray(at, at + lacing));
      at += lacing;
      if (lacing === 255) continue;
      packets.push(Buffer.concat(pieces));
      pieces = [];
    }
    page = at;
  }
  return packets.slice(2);
}
