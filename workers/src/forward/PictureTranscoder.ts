import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import { FragmentError, FragmentReader, type Sample } from '../cmaf/index.ts';
import { pictureCommand } from '../ffmpeg/forwardArguments.ts';
import { LegEncoder } from '../ffmpeg/LegEncoder.ts';
import type { VideoFrame } from '../source/frames.ts';
import { inputFor, type EncoderInput } from '../source/input/EncoderInput.ts';
import { splitNalUnits } from '../source/nalUnits.ts';
import { assumedFrameRate, transcodeSize } from './transcodeSize.ts';

export interface TranscoderOptions {
  readonly ffmpegPath: string;
  readonly log: Logger;
  /** From a key frame on; the last of them is the first picture that comes out. */
  readonly runUp: readonly VideoFrame[];
}

export interface TranscoderEvents {
  picture: [units: readonly Uint8Array[], parameterSets: readonly Uint8Array[], timeMs: number];
  /** Last event, comes once. */
  ended: [detail: string];
}

const ticksPerMs = 90;
/** The process begins its clock here, so that decode times before the first picture stay positive. */
const headStartMs = 1_000;

/** The picture of a source encoded anew for WebRTC, by one ffmpeg process. Single use. */
export class PictureTranscoder extends EventEmitter<TranscoderEvents> {
  readonly #encoder: LegEncoder;
  readonly #input: EncoderInput;
  readonly #originMs: number;
  #sets: readonly Uint8Array[] = [];
  #lengthSize = 4;
  #isFull = false;
  #isClosed = false;

  constructor({ ffmpegPath, log, runUp }: TranscoderOptions) {
    super();
    const [first] = runUp;
    const last = runUp.at(-1);
    if (first === undefined || last === undefined) throw new RangeError('Decoding begins at a key frame.');
    this.#originMs = Math.floor(first.timeMs) - headStartMs;
    const startSec = (last.timeMs + last.compositionMs - this.#originMs) / 1_000;
    const video = first.config;
    const { sps } = video;
    this.#input = inputFor(video);
    const { format } = this.#input;
    const deinterlace = sps.mayBeInterlaced;
    const command = pictureCommand({ ...transcodeSize(sps), format, startSec, deinterlace });
    this.#encoder = new LegEncoder({ ffmpegPath, command, log });
    this.#encoder.on('drain', () => (this.#isFull = false));
    this.#encoder.once('exit', ({ reason, stderrTail }) => {
      if (!this.#isClosed) this.emit('ended', `${reason}: ${stderrTail}`);
    });
    this.#read();
    this.#encoder.start();
    // Else an encoder that is told no rate takes a thousand a second, and gives each picture hardly a bit.
    const frameRate = sps.frameRate ?? assumedFrameRate;
    this.#encoder.write(this.#input.header({ video, audio: null, frameRate }));
    for (const frame of runUp) this.push(frame);
  }

  /** A process that can't keep up would fall behind for ever: then pictures are left out, up to the next key frame. */
  push(frame: VideoFrame): void {
    if (this.#isClosed || (this.#isFull && !frame.key)) return;
    this.#isFull = !this.#encoder.write(this.#input.picture(frame.timeMs - this.#originMs, frame));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#encoder.kill();
  }

  #read(): void {
    const reader = new FragmentReader({
      onInit: ({ parameterSets }) => {
        if (parameterSets === undefined) return;
        this.#lengthSize = parameterSets.lengthSize;
        this.#sets = splitNalUnits(parameterSets.bytes, parameterSets.lengthSize);
      },
      onSample: (sample) => this.#tell(sample),
    });
    this.#encoder.on('data', (_, bytes) => {
      try {
        reader.push(bytes);
      } catch (error) {
        if (!(error instanceof FragmentError)) throw error;
        void this.#encoder.kill();
      }
    });
  }

  #tell({ dts, cts, data }: Sample): void {
    if (this.#isClosed) return;
    const timeMs = this.#originMs + (dts + cts) / ticksPerMs;
    this.emit('picture', splitNalUnits(data, this.#lengthSize), this.#sets, timeMs);
  }
}
