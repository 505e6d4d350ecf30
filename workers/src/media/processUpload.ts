import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  maxMediaDurationMs,
  mediaKeys,
  type MediaOutcome,
  type MediaPurpose,
  type MediaRefusal,
} from '@maydan/contracts';
import {
  posterOf,
  probeUpload,
  rewriteUpload,
  type FileProbe,
  type UploadedFile,
} from '../ffmpeg/uploads.ts';
import { runImageTask, type ImageTask } from './imageTask.ts';
import { planAudio, planVideo } from './planRewrite.ts';

/** The content can't be taken. */
export class Refusal extends Error {
  readonly reason: MediaRefusal;

  constructor(reason: MediaRefusal) {
    super(reason);
    this.reason = reason;
  }
}

export interface Programs {
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
}

export interface Upload {
  readonly path: string;
  /** Where files can be made; the caller removes it. */
  readonly folder: string;
  readonly purpose: MediaPurpose;
  readonly signal: AbortSignal;
}

/** Files to be stored, and what there is to know. */
export interface Made {
  readonly files: readonly { readonly name: string; readonly path: string }[];
  readonly facts: Omit<Extract<MediaOutcome, { result: 'ready' }>, 'result'>;
}

/** Enough for the cameras of phones; four bytes each is what a decoder may take. */
const maxPixels = 64_000_000;
const maxVideoSide = 8_192;
const posterSide = 1_280;
const sizes: Readonly<Record<MediaPurpose, Pick<ImageTask['main'], 'size' | 'fit'>>> = {
  message: { size: { width: 2_048, height: 2_048 }, fit: 'inside' },
  status: { size: { width: 1_920, height: 1_920 }, fit: 'inside' },
  avatar: { size: { width: 512, height: 512 }, fit: 'cover' },
  cover: { size: { width: 1_500, height: 500 }, fit: 'cover' },
};

/** Throws a Refusal for a picture that can't be taken. */
export async function processImage({ path, folder, purpose, signal }: Upload): Promise<Made> {
  const main = join(folder, mediaKeys.image);
  const thumbnail = join(folder, mediaKeys.thumbnail);
  const isAnimated = purpose === 'message';
  const task = { input: path, main: { path: main, ...sizes[purpose] }, thumbnail, maxPixels, isAnimated };
  const { width, height } = await picture(task, signal);
  return {
    files: [
      { name: mediaKeys.image, path: main },
      { name: mediaKeys.thumbnail, path: thumbnail },
    ],
    facts: {
      ...{ type: 'image/webp', byteLength: (await stat(main)).size, width, height, durationMs: null },
      ...{ mainFile: mediaKeys.image, hasThumbnail: true, hasPoster: false },
    },
  };
}

/** Throws a Refusal for a video or sound that can't be taken. */
export async function processPlayable(
  upload: Upload & { readonly kind: 'audio' | 'video'; readonly demuxer: string },
  programs: Programs,
): Promise<Made> {
  const { path, folder, purpose, kind, demuxer, signal } = upload;
  const probe = await probeUpload(programs.ffprobePath, { path, demuxer });
  checkProbe(probe, kind, maxMediaDurationMs[purpose]);
  const plan = kind === 'video' ? planVideo(probe) : planAudio(probe);
  const name = `main.${plan.extension}`;
  const main = { path: join(folder, name), demuxer: plan.demuxer };
  await rewrite(programs.ffmpegPath, { path, demuxer }, plan.options, main.path, signal);
  // Live recordings of browsers don't say how long they are; what we wrote does.
  const result = await probeUpload(programs.ffprobePath, main);
  checkProbe(result, kind, maxMediaDurationMs[purpose]);
  if (result.durationMs === null) throw new Refusal('unreadable');
  const images =
    kind === 'video' ? await postersOf(main, result.durationMs, upload, programs.ffmpegPath) : [];
  return {
    files: [{ name, path: main.path }, ...images],
    facts: {
      ...{ type: plan.type, byteLength: (await stat(main.path)).size, durationMs: result.durationMs },
      ...{ width: result.video?.width ?? null, height: result.video?.height ?? null },
      ...{ mainFile: name, hasThumbnail: images.length > 0, hasPoster: images.length > 0 },
    },
  };
}

function checkProbe(
  probe: FileProbe | null,
  kind: 'audio' | 'video',
  maxDurationMs: number,
): asserts probe is FileProbe {
  if (probe === null) throw new Refusal('unreadable');
  const track = kind === 'video' ? probe.video : probe.audioCodec;
  if (track === null) throw new Refusal('wrongKind');
  const { width = 1, height = 1 } = probe.video ?? {};
  if (Math.max(width, height) > maxVideoSide) throw new Refusal('tooManyPixels');
  if (kind === 'video' && Math.min(width, height) < 1) throw new Refusal('unreadable');
  if ((probe.durationMs ?? 0) > maxDurationMs) throw new Refusal('tooLong');
}

async function rewrite(
  ffmpegPath: string,
  file: UploadedFile,
  options: readonly string[],
  output: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await rewriteUpload(ffmpegPath, file, options, output, signal);
  } catch {
    signal.throwIfAborted();
    throw new Refusal('unreadable');
  }
}

/** A second into the video, or its middle when it is shorter. */
async function postersOf(
  main: UploadedFile,
  durationMs: number,
  { folder, signal }: Upload,
  ffmpegPath: string,
): Promise<Made['files']> {
  const png = join(folder, 'poster.png');
  const poster = join(folder, mediaKeys.poster);
  const thumbnail = join(folder, mediaKeys.thumbnail);
  const atSec = Math.min(1, durationMs / 2_000);
  try {
    await posterOf(ffmpegPath, main, { atSec, maxSide: posterSide }, png, signal);
  } catch {
    signal.throwIfAborted();
    throw new Refusal('unreadable');
  }
  const size = { width: posterSide, height: posterSide };
  await picture(
    { input: png, main: { path: poster, size, fit: 'inside' }, thumbnail, maxPixels, isAnimated: false },
    signal,
  );
  return [
    { name: mediaKeys.poster, path: poster },
    { name: mediaKeys.thumbnail, path: thumbnail },
  ];
}

async function picture(task: ImageTask, signal: AbortSignal): Promise<{ width: number; height: number }> {
  const answer = await runImageTask(task, signal);
  if ('refusal' in answer) throw new Refusal(answer.refusal);
  return answer;
}
