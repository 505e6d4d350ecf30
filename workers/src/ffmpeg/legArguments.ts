import { encoderThreads } from '../ladder/cost.ts';
import type { LegPlan, RenditionPlan } from '../ladder/planLeg.ts';
import type { EncoderInput } from '../source/input/EncoderInput.ts';

/** What one ffmpeg process does for a leg: frames on its standard input, one output per rendition. */
export interface LegCommand {
  readonly inputOptions: readonly string[];
  /** Null when nothing is encoded from the picture. */
  readonly filterGraph: string | null;
  readonly outputs: readonly { readonly id: string; readonly options: readonly string[] }[];
}

export interface LegInput {
  /** What the standard input is. */
  readonly format: EncoderInput['format'];
  /** Media time of the input's time 0. */
  readonly originSec: number;
  /** Media time at which output begins; later than the origin when the decoder needs a run-up. */
  readonly startSec: number;
}

type EncodedPlan = Extract<RenditionPlan, { kind: 'encode' | 'slate' }>;

/** Seconds between key frames when the encoders set them. */
const keyFrameIntervalSec = 2;
/** x264's own limit; never reached, since key frames are forced. */
const longestGroup = 600;
/** Decoding goes by milliseconds: a picture due at the start may stand just before it. */
export const startToleranceSec = 0.01;

/**
 * One fragment per frame, times absolute (`-copyts`, no edit list, no shift), sent at once. The fragments of each
 * output are one complete movie for `FragmentReader`.
 */
export const fragmentedMp4 = [
  ...['-f', 'mp4', '-movflags', '+frag_every_frame+empty_moov+default_base_moof+frag_discont'],
  ...['-use_editlist', '0', '-avoid_negative_ts', 'disabled', '-flush_packets', '1'],
] as const;
export const videoMp4 = ['-video_track_timescale', '90000', ...fragmentedMp4] as const;

export function legArguments(plan: LegPlan, input: LegInput, cpuBudgetCores: number): LegCommand {
  const encoded = plan.renditions.filter(
    (rendition): rendition is EncodedPlan => rendition.kind === 'encode' || rendition.kind === 'slate',
  );
  const bySize = encoded.toSorted((a, b) => b.width * b.height - a.width * a.height);
  return {
    inputOptions: inputOptions(input),
    filterGraph: bySize.length === 0 ? null : filterGraph(plan, bySize, input),
    outputs: plan.renditions.map((rendition) => ({
      id: rendition.id,
      options: outputOptions(plan, rendition, cpuBudgetCores),
    })),
  };
}

/** The conditioner sends both configurations first, so a glance is enough to know the streams. */
function inputOptions({ format, originSec }: LegInput): string[] {
  return [
    ...['-hide_banner', '-loglevel', 'warning', '-stats', '-stats_period', '1'],
    ...['-copyts', '-itsoffset', originSec.toFixed(6)],
    ...['-fpsprobesize', '0', '-probesize', '500000', '-analyzeduration', '500000'],
    // Frame threads would delay every picture; one core decodes what one core could ever encode.
    ...['-threads', '1', '-f', format],
  ];
}

/** Decoded once, then scaled from each size to the next smaller one. */
function filterGraph(plan: LegPlan, bySize: readonly EncodedPlan[], input: LegInput): string {
  const first = [
    ...(plan.deinterlace ? ['yadif=deint=interlaced'] : []),
    ...(input.startSec > input.originSec
      ? [`trim=start=${(input.startSec - startToleranceSec).toFixed(6)}`]
      : []),
    ...(plan.frames === 'passthrough' ? [] : [`fps=fps=${rational(plan.frames)}`]),
  ];
  const chains = bySize.map((rendition, at) => {
    const filters = [
      ...(at === 0 ? first : []),
      `scale=${rendition.width}:${rendition.height}`,
      ...(at === 0 ? ['setsar=1', 'format=yuv420p'] : []),
    ];
    const from = at === 0 ? '[0:v:0]' : `[next${at}]`;
    const output = `[${label(rendition)}]`;
    const last = at === bySize.length - 1;
    return `${from}${filters.join(',')}${last ? output : `,split${output}[next${at + 1}]`}`;
  });
  return chains.join(';');
}

const label = (rendition: EncodedPlan): string => `v${rendition.id}`;

/** 29.97… as 30000/1001; other rates as they are. */
function rational(rate: number): string {
  const ntsc = Math.round(rate * 1.001);
  if (Math.abs((ntsc * 1000) / 1001 - rate) < 0.005 && !Number.isInteger(rate)) return `${ntsc * 1000}/1001`;
  return String(Math.round(rate * 1000) / 1000);
}

function outputOptions(plan: LegPlan, rendition: RenditionPlan, cpuBudgetCores: number): string[] {
  switch (rendition.kind) {
    case 'audio':
      return audioOptions(rendition.bitrateBps);
    case 'copy':
      return ['-map', '0:v:0', '-c:v', 'copy', ...videoMp4];
    case 'encode':
    case 'slate':
      return encodeOptions(plan, rendition, cpuBudgetCores);
  }
}

/** The resampler follows the clock: small drifts are stretched, holes filled. */
function audioOptions(bitrateBps: number): string[] {
  return [
    ...['-map', '0:a:0', '-af', 'aresample=48000:async=1000'],
    ...['-c:a', 'aac', '-b:a', String(bitrateBps), '-ar', '48000', '-ac', '2'],
    ...fragmentedMp4,
  ];
}

function encodeOptions(plan: LegPlan, rendition: EncodedPlan, cpuBudgetCores: number): string[] {
  const { bitrateBps } = rendition;
  const forced = plan.keyFrames === 'source' ? 'source' : `expr:gte(t,n_forced*${keyFrameIntervalSec})`;
  const threads = encoderThreads(rendition, plan.frameRate, cpuBudgetCores);
  return [
    ...['-map', `[${label(rendition)}]`, '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency'],
    ...['-profile:v', Math.min(rendition.width, rendition.height) > 480 ? 'high' : 'main'],
    ...['-bf', '0', '-sc_threshold', '0', '-g', String(longestGroup), '-force_key_frames', forced],
    ...[
      '-b:v',
      String(bitrateBps),
      '-maxrate',
      String(Math.round(bitrateBps * 1.1)),
      '-bufsize',
      String(bitrateBps),
    ],
    // Frame threads cost a frame of delay each but, unlike zerolatency's slices, no efficiency.
    ...['-threads', String(threads), '-x264-params', 'sliced-threads=0'],
    ...['-fps_mode', 'passthrough', '-enc_time_base', '1/90000'],
    ...videoMp4,
  ];
}
