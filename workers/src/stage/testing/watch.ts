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

/** Times (s) at which a tone begins, and how loud it is while it sounds (0 to 1). */
export async function beeps(
  file: string,
  toneHz: number,
  threshold = 0.05,
): Promise<{ timeSec: number; loudness: number }[]> {
  // Times are the frames' own: small holes, too, as where one leg ends and the next begins, are filled.
  const filter = `aresample=async=1:min_hard_comp=0.002:first_pts=0,bandpass=f=${toneHz}:width_type=h:w=150,aresample=${rateHz}`;
  const chunks: Uint8Array[] = [];
  await runWithPipes(
    [
      '-v',
      'error',
      '-copyts',
      '-i',
      file,
      '-map',
      '0:a:0',
      '-af',
      filter,
      '-ac',
      '1',
      '-f',
      's16le',
      'pipe:3',
    ],
    [(bytes) => chunks.push(bytes)],
  );
  return onsets(Buffer.concat(chunks), threshold);
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
