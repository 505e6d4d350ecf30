import { spawn } from 'node:child_process';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';

/** ffmpeg for tests: the one the services use. */
export const ffmpegPath = process.env['FFMPEG_PATH'] ?? 'ffmpeg';

/** Runs ffmpeg to its end and gives what it wrote to its standard output; throws with its last words. */
export async function runFfmpeg(args: readonly string[], input?: Uint8Array): Promise<Buffer> {
  const child = spawn(ffmpegPath, ['-v', 'error', '-nostdin', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const pieces: Buffer[] = [];
  let errors = '';
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => (errors = (errors + piece.toString()).slice(-2000)));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}: ${errors}`);
  return Buffer.concat(pieces);
}

export interface ClipOptions {
  readonly seconds: number;
  readonly size?: string;
  readonly fps?: number | string;
  /** Frames from key to key. */
  readonly group?: number;
  readonly bFrames?: number;
  readonly sampleRate?: number;
  readonly channels?: 1 | 2;
  readonly video?: boolean;
  readonly audio?: boolean;
  /** Further filters of the picture. */
  readonly filter?: string;
  /** Further options of the output. */
  readonly output?: readonly string[];
}

/** FLV that flashes white and beeps for a tenth of every second, on a picture that moves. */
export async function flashAndBeep(options: ClipOptions): Promise<Buffer> {
  const {
    seconds,
    size = '320x180',
    fps = 30,
    group = 30,
    bFrames = 0,
    video = true,
    audio = true,
  } = options;
  const { sampleRate = 48000, channels = 2, filter, output = [] } = options;
  const flash = "drawbox=c=white:t=fill:enable='lt(mod(t,1),0.1)'";
  const picture = [
    `testsrc2=s=${size}:r=${fps}`,
    'lutyuv=y=val/3',
    flash,
    ...(filter === undefined ? [] : [filter]),
  ];
  const beep = `aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,1),0.1)':s=${sampleRate}`;
  return runFfmpeg([
    ...(video ? ['-f', 'lavfi', '-i', picture.join(',')] : []),
    ...(audio ? ['-f', 'lavfi', '-i', beep] : []),
    ...(video
      ? ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-sc_threshold', '0']
      : []),
    ...(video ? ['-g', String(group), '-bf', String(bFrames), '-b:v', '400k'] : []),
    ...(audio ? ['-c:a', 'aac', '-b:a', '96k', '-ac', String(channels)] : []),
    ...['-t', String(seconds), ...output, '-f', 'flv', 'pipe:1'],
  ]);
}

/** Presentation times at which the picture turns white. */
export async function flashTimes(movie: Uint8Array): Promise<number[]> {
  const filter = 'signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
  const text = await runFfmpeg([...readMovie, '-vf', filter, '-fps_mode', 'passthrough', ...noOutput], movie);
  return onsets(readMetadata(text.toString(), 'YAVG'), 150);
}

/** Presentation times at which the beep sets in, to about 11 ms. */
export async function beepTimes(movie: Uint8Array): Promise<number[]> {
  const stats = 'astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.Overall.RMS_level:file=-';
  const text = await runFfmpeg([...readMovie, '-af', `asetnsamples=512,${stats}`, ...noOutput], movie);
  return onsets(readMetadata(text.toString(), 'RMS_level'), -25);
}

const readMovie = ['-copyts', '-f', 'mp4', '-i', 'pipe:0'];
const noOutput = ['-f', 'null', '-'];

function readMetadata(text: string, key: string): { at: number; value: number }[] {
  const pattern = new RegExp(`pts_time:([-\\d.]+)\\s+\\S*${key}=(\\S+)`, 'g');
  return [...text.matchAll(pattern)].map(([, at, value]) => ({
    at: Number(at),
    value: value === '-inf' ? -Infinity : Number(value),
  }));
}

function onsets(values: readonly { at: number; value: number }[], threshold: number): number[] {
  return values
    .filter(({ value }, index) => value > threshold && (values[index - 1]?.value ?? -Infinity) <= threshold)
    .map(({ at }) => at);
}

export interface Packet {
  readonly pts: number;
  readonly dts: number;
  readonly key: boolean;
}

/** Samples of the movie's one track, seconds, in decoding order. */
export async function packets(movie: Uint8Array): Promise<Packet[]> {
  const text = await runFfmpeg([...readMovie, '-c', 'copy', '-f', 'framecrc', '-'], movie);
  const timeBase = /#tb 0: (\d+)\/(\d+)/.exec(text.toString());
  const second = Number(timeBase?.[2] ?? 1) / Number(timeBase?.[1] ?? 1);
  const lines = text
    .toString()
    .split('\n')
    .filter((line) => /^0,/.test(line));
  return lines.map((line) => {
    const fields = line.split(',').map((field) => field.trim());
    // framecrc names the flags only when they aren't those of a key frame.
    const key = !fields.some((field) => field.startsWith('F='));
    return { dts: Number(fields[1]) / second, pts: Number(fields[2]) / second, key };
  });
}
