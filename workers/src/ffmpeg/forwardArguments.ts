import type { EncoderInput } from '../source/input/EncoderInput.ts';
import { fragmentedMp4, startToleranceSec, videoMp4, type LegCommand } from './legArguments.ts';

export const opusFrameMs = 20;
const opusBitrateBps = 96_000;
/** Loss that the encoder prepares for by sending each frame a second time, coarsely (RFC 7587 3.3). */
const expectedLossPercent = 5;

/** The configuration comes first, so that nothing has to be waited for to know the stream. */
const inputOptions = (format: EncoderInput['format']): readonly string[] => [
  ...['-hide_banner', '-loglevel', 'warning', '-stats', '-stats_period', '5', '-copyts'],
  ...['-fpsprobesize', '0', '-probesize', '32', '-analyzeduration', '0', '-threads', '1', '-f', format],
];

/** AAC in FLV to Opus, one frame of 20 ms per fragment. The resampler fills holes and follows the clock. */
export function opusCommand(): LegCommand {
  return {
    inputOptions: inputOptions('flv'),
    filterGraph: null,
    outputs: [
      {
        id: 'sound',
        options: [
          ...['-map', '0:a:0', '-af', 'aresample=48000:async=1000', '-ar', '48000', '-ac', '2'],
          ...['-c:a', 'libopus', '-b:a', String(opusBitrateBps), '-frame_duration', String(opusFrameMs)],
          ...['-application', 'audio', '-fec', '1', '-packet_loss', String(expectedLossPercent)],
          ...fragmentedMp4,
        ],
      },
    ],
  };
}

export interface PictureCommandOptions {
  readonly format: EncoderInput['format'];
  /** The longer side is brought to this at most. */
  readonly longestSide: number;
  readonly bitrateBps: number;
  /** Time of the input at which output begins; what comes before is only for the decoder to start from. */
  readonly startSec: number;
  readonly deinterlace: boolean;
}

/** Of the transcode: a viewer who joins sees a picture within this, also where nothing is cached. */
const keyFrameIntervalSec = 1;

/** A picture to what every browser takes in WebRTC: baseline, no B-frames, each frame out as soon as it is in. */
export function pictureCommand(options: PictureCommandOptions): LegCommand {
  const { format, longestSide, bitrateBps, startSec, deinterlace } = options;
  const bound = `min(${longestSide}\\,max(iw\\,ih))/max(iw\\,ih)`;
  const filters = [
    ...(deinterlace ? ['yadif=deint=interlaced'] : []),
    `trim=start=${(startSec - startToleranceSec).toFixed(3)}`,
    `scale=trunc(iw*${bound}/2)*2:trunc(ih*${bound}/2)*2`,
    'setsar=1',
    'format=yuv420p',
  ];
  return {
    inputOptions: inputOptions(format),
    filterGraph: `[0:v:0]${filters.join(',')}[picture]`,
    outputs: [
      {
        id: 'picture',
        options: [
          ...['-map', '[picture]', '-c:v', 'libx264', '-preset', 'superfast', '-tune', 'zerolatency'],
          ...['-profile:v', 'baseline', '-bf', '0', '-sc_threshold', '0', '-g', '600'],
          ...['-force_key_frames', `expr:gte(t,n_forced*${keyFrameIntervalSec})`],
          ...['-b:v', String(bitrateBps), '-maxrate', String(bitrateBps)],
          ...['-bufsize', String(Math.round(bitrateBps / 2))],
          // Slices cost some quality but, unlike frame threads, no delay.
          ...['-threads', '2'],
          ...['-fps_mode', 'passthrough', '-enc_time_base', '1/90000'],
          ...videoMp4,
        ],
      },
    ],
  };
}
