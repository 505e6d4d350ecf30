import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface MediaReport {
  readonly durationSec: number;
  readonly streams: readonly {
    readonly type: string;
    readonly codec: string;
    readonly width?: number;
    readonly height?: number;
  }[];
  /** Mean and peak loudness; -91 dB is digital silence. */
  readonly meanVolumeDb: number;
  readonly maxVolumeDb: number;
  /** Seconds of black picture and of frozen picture that ffmpeg's detectors found. */
  readonly blackSec: number;
  readonly frozenSec: number;
  /** Seconds of either until something moves, as a stage begins with names; and, of both together, from then on. */
  readonly stillAtStartSec: number;
  readonly stillLaterSec: number;
  /** Lines of complaint of the decoder. */
  readonly decodeErrors: readonly string[];
  readonly frames: number;
}

/** What begins this soon after something that is still belongs to it. */
const nextStillSec = 0.3;

interface Still {
  readonly fromSec: number;
  readonly toSec: number;
}

const stills = (text: string, pattern: RegExp): Still[] =>
  [...text.matchAll(pattern)].map(([, from, to]) => ({ fromSec: Number(from), toSec: Number(to) }));

/** How long it takes until something moves. */
function stillAtStart(all: readonly Still[], startSec: number): number {
  let untilSec = startSec;
  for (const { fromSec, toSec } of all.toSorted((a, b) => a.fromSec - b.fromSec))
    if (fromSec <= untilSec + nextStillSec) untilSec = Math.max(untilSec, toSec);
  return untilSec - startSec;
}

const secondsAfter = (all: readonly Still[], sec: number): number =>
  all.reduce((total, { fromSec, toSec }) => total + Math.max(0, toSec - Math.max(sec, fromSec)), 0);
const first = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);

/** Decodes everything behind an address or file and reports what is seen and heard. */
export async function checkMedia(input: string, inputOptions: readonly string[] = []): Promise<MediaReport> {
  const probe = await run('ffprobe', [
    '-v',
    'error',
    ...inputOptions,
    '-show_entries',
    'format=duration:stream=codec_type,codec_name,width,height',
    '-of',
    'json',
    input,
  ]);
  const parsed = JSON.parse(probe.stdout) as {
    format: { duration?: string };
    streams: { codec_type: string; codec_name: string; width?: number; height?: number }[];
  };
  const hasVideo = parsed.streams.some((stream) => stream.codec_type === 'video');
  const hasAudio = parsed.streams.some((stream) => stream.codec_type === 'audio');
  const filters = [
    ...(hasVideo ? ['-vf', 'blackdetect=d=0.3:pix_th=0.05,freezedetect=n=-60dB:d=1'] : []),
    ...(hasAudio ? ['-af', 'volumedetect'] : []),
  ];
  const decode = await run(
    'ffmpeg',
    ['-hide_banner', '-nostdin', ...inputOptions, '-i', input, ...filters, '-f', 'null', '-'],
    {
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const errors = await run('ffmpeg', [
    '-hide_banner',
    '-nostdin',
    '-v',
    'error',
    ...inputOptions,
    '-i',
    input,
    // Else it counts in frames of the nominal rate, and complains of two pictures that come within one.
    '-enc_time_base:v',
    '1/90000',
    '-f',
    'null',
    '-',
  ]);
  const black = stills(decode.stderr, /black_start:([\d.]+) black_end:([\d.]+)/g);
  const frozen = stills(decode.stderr, /freeze_start: ([\d.]+)[^]*?freeze_end: ([\d.]+)/g);
  const startSec = first(decode.stderr, /start: (-?[\d.]+)/) || 0;
  const stillAtStartSec = stillAtStart([...black, ...frozen], startSec);
  const frames = [...decode.stderr.matchAll(/frame=\s*(\d+)/g)].at(-1)?.[1];
  return {
    durationSec: Number(parsed.format.duration),
    streams: parsed.streams.map(({ codec_type, codec_name, width, height }) => ({
      type: codec_type,
      codec: codec_name,
      width,
      height,
    })),
    meanVolumeDb: first(decode.stderr, /mean_volume: (-?[\d.]+|-inf)/),
    maxVolumeDb: first(decode.stderr, /max_volume: (-?[\d.]+|-inf)/),
    blackSec: secondsAfter(black, startSec),
    frozenSec: secondsAfter(frozen, startSec),
    stillAtStartSec,
    stillLaterSec: secondsAfter([...black, ...frozen], startSec + stillAtStartSec),
    decodeErrors: errors.stderr.split('\n').filter((line) => line.trim() !== ''),
    frames: Number(frames ?? 0),
  };
}

/** When each picture is shown, in seconds, in the order of decoding; these streams have no B-frames. */
export async function pictureTimes(input: string): Promise<number[]> {
  const shown = ['-select_streams', 'v:0', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', ...shown, input], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [Number.parseFloat(line)]));
}
