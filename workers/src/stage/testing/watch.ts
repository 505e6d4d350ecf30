import { readFile } from 'node:fs/promises';
import { run, runWithPipes } from '../../packager/testing/ffmpeg.ts';
import { parseAvcConfig } from '../../source/avcConfig.ts';
import { FlvParser, type FlvTag } from '../../source/flv/FlvParser.ts';

/** For tests: what is seen and heard in a file. */

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const rateHz = 8_000;
const windowSamples = 40;
/** Of two equal colours, in each of their values. */
const mostApart = 14;
const tonePartSec = 2;

/** Times (s) at which an area turns bright, each at its first bright picture. */
export async function flashes(
  file: string,
  { x, y, width, height }: Area,
  threshold = 150,
): Promise<number[]> {
  const lumas = await lumaOf(file, { x, y, width, height });
  return lumas
    .filter(({ luma }, at) => luma > threshold && (lumas[at - 1]?.luma ?? 255) <= threshold)
    .map(({ timeSec }) => timeSec);
}

/** Mean (or largest) luma of an area in every picture. */
export async function lumaOf(
  file: string,
  { x, y, width, height }: Area,
  what: 'YAVG' | 'YMAX' = 'YAVG',
): Promise<{ timeSec: number; luma: number }[]> {
  const filter = `crop=${width}:${height}:${x}:${y},signalstats,metadata=print:key=lavfi.signalstats.${what}:file=-`;
  const { stdout } = await run('ffmpeg', [
    ...['-v', 'error', '-copyts', '-i', file, '-map', '0:v:0', '-vf', filter, '-fps_mode', 'passthrough'],
    ...['-f', 'null', '-'],
  ]);
  return [...stdout.matchAll(/pts_time:([\d.]+)\s+lavfi\.signalstats\.\w+=([\d.]+)/g)].map(
    ([, time, luma]) => ({
      timeSec: Number(time),
      luma: Number(luma),
    }),
  );
}

/** What the newest picture of a file, which may still grow, looks like: the mean colour of an area; NaN without a picture. */
export async function newestPicture(
  file: string,
  { width, height }: { width: number; height: number },
): Promise<(area: Area) => Colour> {
  const chunks: Uint8Array[] = [];
  // Each tenth one is new enough.
  await runWithPipes(
    [
      ...['-v', 'error', '-i', file, '-map', '0:v:0', '-vf', "select='not(mod(n,10))'"],
      ...['-fps_mode', 'passthrough', '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:3'],
    ],
    [(bytes) => chunks.push(bytes)],
  );
  const bytes = Buffer.concat(chunks);
  const luma = width * height;
  const picture = bytes.subarray((Math.floor(bytes.length / (luma * 1.5)) - 1) * luma * 1.5);
  const mean = (plane: Buffer, stride: number, { x, y, ...area }: Area): number => {
    let sum = 0;
    for (let row = y; row < y + area.height; row += 1) {
      for (let column = x; column < x + area.width; column += 1) sum += plane[row * stride + column] ?? NaN;
    }
    return sum / (area.width * area.height);
  };
  return (area) => {
    const half = { x: area.x / 2, y: area.y / 2, width: area.width / 2, height: area.height / 2 };
    const chroma = [luma, luma * 1.25].map((at) => mean(picture.subarray(at), width / 2, half));
    return [mean(picture, width, area), chroma[0] ?? NaN, chroma[1] ?? NaN];
  };
}

/** Eight-bit values. */
export type Colour = readonly [y: number, u: number, v: number];

/** As ffmpeg's sources make it (BT.601, limited range); `rgb`: ffmpeg's hexadecimal name. */
export function yuvOf(rgb: string): Colour {
  const [r = 0, g = 0, b = 0] = [16, 8, 0].map((shift) => (Number(rgb) >> shift) & 255);
  return [
    16 + 0.257 * r + 0.504 * g + 0.098 * b,
    128 - 0.148 * r - 0.291 * g + 0.439 * b,
    128 + 0.439 * r - 0.368 * g - 0.071 * b,
  ];
}

/** Which of some colours (by their keys) a picture has; null when it is none of them. */
export function nameOf<K extends string>(colour: Colour, names: Readonly<Record<K, string>>): K | null {
  const apart = (rgb: string): number =>
    Math.max(...yuvOf(rgb).map((value, at) => Math.abs(value - (colour[at] ?? NaN))));
  const keys = Object.keys(names) as K[];
  return keys.find((key) => apart(names[key]) < mostApart) ?? null;
}

/** How loud tones are in the last part of a file, each by Goertzel's algorithm; amplitudes from 0 to 1. */
export async function tonesOf(file: string, hz: readonly number[]): Promise<number[]> {
  const pcm = await decodeSound(file, []);
  const count = Math.min(tonePartSec * rateHz, pcm.length / 2);
  const first = pcm.length / 2 - count;
  return hz.map((tone) => {
    const coefficient = 2 * Math.cos((2 * Math.PI * tone) / rateHz);
    let [before, last] = [0, 0];
    for (let at = 0; at < count; at += 1) {
      // Hann's window: tones beside this one don't count.
      const weight = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / count);
      const now = (weight * pcm.readInt16LE(2 * (first + at))) / 32_768 + coefficient * last - before;
      [before, last] = [last, now];
    }
    const power = last ** 2 + before ** 2 - coefficient * last * before;
    return (4 * Math.sqrt(Math.max(0, power))) / count;
  });
}

/** Times (s) at which a tone begins, and how loud it is while it sounds (0 to 1). */
export async function beeps(
  file: string,
  toneHz: number,
  threshold = 0.05,
): Promise<{ timeSec: number; loudness: number }[]> {
  // Times are the frames' own: small holes, too, as where one leg ends and the next begins, are filled.
  const filter = `aresample=async=1:min_hard_comp=0.002:first_pts=0,bandpass=f=${toneHz}:width_type=h:w=150`;
  return onsets(await decodeSound(file, [filter]), threshold);
}

/** Mono, 16 bits, at `rateHz`. */
async function decodeSound(file: string, filters: readonly string[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const filter = [...filters, `aresample=${rateHz}`].join(',');
  await runWithPipes(
    [
      ...['-v', 'error', '-copyts', '-i', file, '-map', '0:a:0', '-af', filter],
      ...['-ac', '1', '-f', 's16le', 'pipe:3'],
    ],
    [(bytes) => chunks.push(bytes)],
  );
  return Buffer.concat(chunks);
}

function onsets(pcm: Buffer, threshold: number): { timeSec: number; loudness: number }[] {
  const found: { timeSec: number; loudness: number }[] = [];
  let isOn = true;
  for (let start = 0; start + windowSamples <= pcm.length / 2; start += windowSamples) {
    let peak = 0;
    for (let at = start; at < start + windowSamples; at += 1) {
      peak = Math.max(peak, Math.abs(pcm.readInt16LE(at * 2)) / 32_768);
    }
    const last = found.at(-1);
    if (peak > threshold && !isOn) found.push({ timeSec: start / rateHz, loudness: peak });
    else if (peak > threshold && last !== undefined) last.loudness = Math.max(last.loudness, peak);
    isOn = peak > threshold;
  }
  return found;
}

/** Distance from each flash to the nearest beep, in ms; positive: the sound is late. Ends of a recording tear such pairs. */
export function lipSync(flashSec: readonly number[], beepSec: readonly number[]): number[] {
  return flashSec.map((flash) => {
    const nearest = beepSec.toSorted((a, b) => Math.abs(a - flash) - Math.abs(b - flash))[0];
    return nearest === undefined ? Infinity : Math.round((nearest - flash) * 1_000);
  });
}

/** The value in the middle; infinite of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
}

/** The tags of an FLV file. */
export async function flvTags(file: string): Promise<FlvTag[]> {
  const bytes = await readFile(file);
  return new FlvParser().push(bytes);
}

/** The longest time (ms) without sound in a file's timestamps. */
export async function longestSilenceMs(file: string): Promise<number> {
  // The first one is the configuration.
  const sounds = (await flvTags(file)).filter(({ type, body }) => type === 'audio' && body[1] !== 0);
  const times = sounds.map(({ timestampMs }) => timestampMs);
  return Math.max(0, ...times.slice(1).map((timeMs, at) => timeMs - (times[at] ?? 0)));
}

/** What a file's picture track is like: sizes in their order, number of pictures, and the longest time without one. */
export async function pictureTrack(
  file: string,
): Promise<{ sizes: string[]; pictures: number; longestGapMs: number }> {
  const sizes: string[] = [];
  let [pictures, lastMs, longestGapMs] = [0, NaN, 0];
  for (const { type, body, timestampMs } of await flvTags(file)) {
    if (type !== 'video') continue;
    if (body[1] === 0) {
      const { width, height } = parseAvcConfig(body.subarray(5)).sps;
      sizes.push(`${width}x${height}`);
    } else {
      pictures += 1;
      longestGapMs = Math.max(longestGapMs, timestampMs - lastMs || 0);
      lastMs = timestampMs;
    }
  }
  return { sizes, pictures, longestGapMs };
}
