import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import ffmpeg from 'fluent-ffmpeg';
import { z } from 'zod';

/** A file of somebody's, and the one format it may be taken for: what ffmpeg would find itself could name other files. */
export interface UploadedFile {
  readonly path: string;
  readonly demuxer: string;
}

const exec = promisify(execFile);
const niceness = 15;
const probeLimitMs = 30_000;
const limitSec = 600;

const seconds = z.coerce.number().positive().optional().catch(undefined);
const stream = z.object({
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  pix_fmt: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  duration: seconds,
  disposition: z.object({ attached_pic: z.int() }).partial().optional(),
  side_data_list: z.array(z.object({ rotation: z.number().optional() })).optional(),
});
const answer = z.object({ streams: z.array(stream), format: z.object({ duration: seconds }) });

export interface FileProbe {
  /** The first picture track that isn't a cover. Sizes as shown, turned upright. */
  readonly video: {
    readonly codec: string;
    readonly pixelFormat: string;
    readonly width: number;
    readonly height: number;
  } | null;
  readonly audioCodec: string | null;
  /** Null where the container doesn't say. */
  readonly durationMs: number | null;
}

/** Null when ffprobe makes nothing of it. Only the file itself is read. */
export async function probeUpload(ffprobePath: string, file: UploadedFile): Promise<FileProbe | null> {
  const entries =
    'format=duration:stream=codec_type,codec_name,pix_fmt,width,height,duration:stream_disposition=attached_pic:stream_side_data=rotation';
  const options = ['-v', 'error', '-protocol_whitelist', 'file', '-f', file.demuxer];
  const shown = ['-show_entries', entries, '-of', 'json', `file:${file.path}`];
  const parsed = await exec('nice', ['-n', String(niceness), ffprobePath, ...options, ...shown], {
    timeout: probeLimitMs,
    killSignal: 'SIGKILL',
    maxBuffer: 1_000_000,
  }).then(
    ({ stdout }) => answer.parse(JSON.parse(stdout)),
    () => null,
  );
  return parsed === null ? null : toProbe(parsed);
}

function toProbe({ streams, format }: z.infer<typeof answer>): FileProbe {
  const picture = streams.find((one) => one.codec_type === 'video' && one.disposition?.attached_pic !== 1);
  const sound = streams.find((one) => one.codec_type === 'audio');
  const durationSec = format.duration ?? picture?.duration ?? sound?.duration;
  const turned = (picture?.side_data_list ?? []).some(({ rotation = 0 }) => Math.abs(rotation) % 180 === 90);
  const { width = 0, height = 0 } = picture ?? {};
  return {
    video:
      picture === undefined
        ? null
        : {
            codec: picture.codec_name ?? '',
            pixelFormat: picture.pix_fmt ?? '',
            ...(turned ? { width: height, height: width } : { width, height }),
          },
    audioCodec: sound?.codec_name ?? null,
    durationMs: durationSec === undefined ? null : Math.round(durationSec * 1_000),
  };
}

/** Writes the file anew with these options, without metadata, chapters and covers. Rejects with ffmpeg's last lines. */
export function rewriteUpload(
  ffmpegPath: string,
  file: UploadedFile,
  outputOptions: readonly string[],
  output: string,
  signal: AbortSignal,
): Promise<void> {
  const clean = [
    '-map_metadata',
    '-1',
    '-map_chapters',
    '-1',
    '-sn',
    '-dn',
    '-fflags',
    '+bitexact',
    '-threads',
    '1',
  ];
  return save(ffmpegPath, file, [...clean, ...outputOptions], output, signal);
}

/** One picture of a video as PNG, at most this large. Rejects when there is none. */
export function posterOf(
  ffmpegPath: string,
  file: UploadedFile,
  { atSec, maxSide }: { atSec: number; maxSide: number },
  output: string,
  signal: AbortSignal,
): Promise<void> {
  const scale = `scale='min(${maxSide},iw)':'min(${maxSide},ih)':force_original_aspect_ratio=decrease`;
  const options = [
    '-ss',
    String(atSec),
    '-an',
    '-frames:v',
    '1',
    '-vf',
    scale,
    '-f',
    'image2',
    '-update',
    '1',
  ];
  return save(ffmpegPath, file, options, output, signal);
}

function save(
  ffmpegPath: string,
  { path, demuxer }: UploadedFile,
  outputOptions: readonly string[],
  output: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const command = ffmpeg({ niceness, timeout: limitSec, stdoutLines: 0 })
      .setFfmpegPath(ffmpegPath)
      .input(`file:${path}`)
      .inputOptions(['-threads', '1', '-protocol_whitelist', 'file', '-f', demuxer])
      // Ends it also when we are gone.
      .outputOptions(['-timelimit', String(limitSec)])
      .outputOptions([...outputOptions])
      .on('end', () => resolve())
      .on('error', (error, _stdout, stderr) => {
        const lines = (stderr ?? '').trim().split('\n').slice(-10).join('\n');
        reject(new Error(`${error.message}\n${lines}`, { cause: error }));
      });
    signal.addEventListener('abort', () => command.kill('SIGKILL'), { once: true });
    command.save(output);
  });
}
