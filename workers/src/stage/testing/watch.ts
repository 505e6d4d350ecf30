import { run, runWithPipes } from '../../packager/testing/ffmpeg.ts';

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

/** Mean luma of an area in every picture. */
export async function lumaOf(
  file: string,
  { x, y, width, height }: Area,
): Promise<{ timeSec: number; luma: number }[]> {
  const filter = `crop=${width}:${height}:${x}:${y},signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-`;
  const { stdout } = await run('ffmpeg', [
    ...['-v', 'error', '-copyts', '-i', file, '-map', '0:v:0', '-vf', filter, '-fps_mode', 'passthrough'],
    ...['-f', 'null', '-'],
  ]);
  return [...stdout.matchAll(/pts_time:([\d.]+)\s+lavfi\.signalstats\.YAVG=([\d.]+)/g)].map(
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
  const filter = `aresample=async=1:first_pts=0,bandpass=f=${toneHz}:width_type=h:w=150,aresample=${rateHz}`;
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

/** Distance from each beep to the nearest flash, in ms; positive: the sound is late. */
export function lipSync(flashSec: readonly number[], beepSec: readonly number[]): number[] {
  return beepSec.map((beep) => {
    const nearest = flashSec.toSorted((a, b) => Math.abs(a - beep) - Math.abs(b - beep))[0];
    return nearest === undefined ? Infinity : Math.round((beep - nearest) * 1_000);
  });
}
