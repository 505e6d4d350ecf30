import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import { FlvParser } from '../../source/flv/FlvParser.ts';
import type { CanvasSize } from '../compose/layout.ts';
import { encoderThreads } from '../../ladder/cost.ts';
import { FfmpegProcess } from './FfmpegProcess.ts';

export interface PictureEncoderOptions {
  readonly ffmpegPath: string;
  readonly size: CanvasSize;
  readonly frameRate: number;
  readonly bitrateBps: number;
  readonly cpuBudgetCores: number;
  readonly log: Logger;
}

/** One H.264 picture as FLV carries it. */
export interface AvcPicture {
  readonly timeMs: number;
  readonly key: boolean;
  /** NAL units behind their lengths. */
  readonly data: Uint8Array;
}

export interface PictureEncoderEvents {
  /** AVCDecoderConfigurationRecord; before the first picture. */
  config: [record: Uint8Array];
  picture: [picture: AvcPicture];
  /** Last event, comes once. `isFault`: nobody asked it to go. */
  closed: [isFault: boolean];
}

const keyFrameIntervalSec = 2;
/** Pictures that may wait for the encoder; with more it doesn't keep up, and some are left out. */
export const mostWaitingPictures = 8;
const avcHeaderBytes = 5;

/**
 * One ffmpeg that encodes the composed picture: constant frame rate as far as it is fed so, no B-frames, a key frame every
 * two seconds. Pictures come out in the order they went in, with the times they went in with.
 */
export class PictureEncoder extends EventEmitter<PictureEncoderEvents> {
  readonly #ffmpeg: FfmpegProcess;
  readonly #parser = new FlvParser();
  readonly #times: number[] = [];
  #waiting = 0;

  constructor(options: PictureEncoderOptions) {
    super();
    this.#ffmpeg = new FfmpegProcess(options.ffmpegPath, encoderArguments(options));
    this.#ffmpeg.on('data', (bytes) => this.#read(bytes));
    this.#ffmpeg.on('exit', ({ reason, stderrTail }) => {
      if (reason === 'failed') options.log.error({ stderr: stderrTail }, 'the encoder of the stage failed');
      this.emit('closed', reason === 'failed');
    });
  }

  /** False: it doesn't keep up; the next picture should be left out. */
  get isReady(): boolean {
    return this.#waiting < mostWaitingPictures;
  }

  /** `onTaken`: the bytes may be reused. */
  write(bytes: Uint8Array, timeMs: number, onTaken: () => void): void {
    this.#times.push(timeMs);
    this.#waiting += 1;
    this.#ffmpeg.write(bytes, () => {
      this.#waiting -= 1;
      onTaken();
    });
  }

  async close(): Promise<void> {
    await this.#ffmpeg.kill();
  }

  #read(bytes: Uint8Array): void {
    for (const tag of this.#parser.push(bytes)) {
      if (tag.type !== 'video') continue;
      const data = tag.body.slice(avcHeaderBytes);
      if (tag.body[1] === 0) this.emit('config', data);
      if (tag.body[1] !== 1) continue;
      const timeMs = this.#times.shift();
      if (timeMs !== undefined) this.emit('picture', { timeMs, key: (tag.body[0] ?? 0) >> 4 === 1, data });
    }
  }
}

function encoderArguments(options: PictureEncoderOptions): string[] {
  const { size, frameRate, bitrateBps, cpuBudgetCores } = options;
  const threads = encoderThreads(size, frameRate, cpuBudgetCores);
  return [
    ...['-probesize', '32', '-analyzeduration', '0', '-f', 'rawvideo', '-pix_fmt', 'yuv420p'],
    ...['-s', `${size.width}x${size.height}`, '-r', String(frameRate), '-i', 'pipe:0'],
    ...['-an', '-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-profile:v', 'high'],
    ...['-bf', '0', '-sc_threshold', '0', '-g', String(frameRate * keyFrameIntervalSec)],
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
    ...[
      '-fps_mode',
      'passthrough',
      '-flush_packets',
      '1',
      '-flvflags',
      'no_duration_filesize',
      '-f',
      'flv',
      'pipe:1',
    ],
  ];
}
