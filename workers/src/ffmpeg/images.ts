import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import ffmpeg from 'fluent-ffmpeg';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Pictures are made beside live sessions and must not slow them down. */
const niceness = 15;
const limitSec = 120;

/**
 * Decodes key frames (an init segment and the key frames' fragments, concatenated) to raw yuv420p pictures of one size,
 * padded where the shape differs. One picture per fragment, in order.
 * @throws Error with ffmpeg's last lines.
 */
export function decodePictures(
  ffmpegPath: string,
  media: readonly Uint8Array[],
  { width, height }: PictureSize,
): Promise<Buffer> {
  const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
  const filters = `${fit},pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p`;
  return run(
    ffmpegPath,
    media,
    ['-f', 'mp4'],
    ['-an', '-vf', filters, '-fps_mode', 'passthrough', '-f', 'rawvideo'],
  );
}

/** One key frame as a JPEG, at most so wide. */
export function encodePoster(
  ffmpegPath: string,
  media: readonly Uint8Array[],
  maxWidth: number,
): Promise<Buffer> {
  const filters = `scale='min(${maxWidth},iw)':-2,setsar=1`;
  const output = ['-an', '-frames:v', '1', '-vf', filters, '-q:v', '3', '-f', 'mjpeg'];
  return run(ffmpegPath, media, ['-f', 'mp4'], output);
}

/** Raw pictures (see `decodePictures`) on one JPEG sheet, row by row. */
export function tilePictures(
  ffmpegPath: string,
  pictures: Uint8Array,
  { width, height }: PictureSize,
  columns: number,
): Promise<Buffer> {
  const count = pictures.byteLength / ((width * height * 3) / 2);
  const rows = Math.ceil(count / columns);
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'yuv420p',
    '-video_size',
    `${width}x${height}`,
    '-framerate',
    '1',
  ];
  const output = ['-vf', `tile=${columns}x${rows}`, '-frames:v', '1', '-q:v', '4', '-f', 'mjpeg'];
  return run(ffmpegPath, [pictures], input, output);
}

async function run(
  ffmpegPath: string,
  input: readonly Uint8Array[],
  inputOptions: string[],
  outputOptions: string[],
): Promise<Buffer> {
  const output = new PassThrough();
  const finished = new Promise<void>((resolve, reject) => {
    const command = ffmpeg({ niceness, timeout: limitSec, stdoutLines: 0 })
      .setFfmpegPath(ffmpegPath)
      .input(Readable.from(input, { objectMode: false }))
      .inputOptions(['-threads', '1', ...inputOptions])
      .outputOptions(['-threads', '1', ...outputOptions])
      .on('end', () => resolve())
      .on('error', (error, _stdout, stderr) => {
        reject(new Error(`${error.message}\n${lastLines(stderr)}`, { cause: error }));
      });
    command.pipe(output);
  });
  const [bytes] = await Promise.all([buffer(output), finished]);
  return bytes;
}

function lastLines(text: string | null | undefined): string {
  return (text ?? '').trim().split('\n').slice(-10).join('\n');
}
