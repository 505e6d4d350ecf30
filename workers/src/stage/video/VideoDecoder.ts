import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import { avcConfigTag, avcFrameTag, flvHeader } from '../../source/flv/writeFlv.ts';
import { buildRecord } from '../../source/avcConfig.ts';
import type { EncodedPicture } from '../rtp/pictures.ts';
import type { VideoCodec } from '../rtp/PictureAssembler.ts';
import { decoderArguments, type TileShape } from './decoderArguments.ts';
import { DecoderOutput } from './DecoderOutput.ts';
import { FfmpegProcess } from './FfmpegProcess.ts';
import { FramePool, frameBytes, type RawFrame } from './FramePool.ts';
import { ivfFrame, ivfHeader } from './ivf.ts';
import { NutReader } from './nut.ts';

export interface VideoDecoderOptions {
  readonly ffmpegPath: string;
  readonly codec: VideoCodec;
  readonly shape: TileShape;
  readonly log: Logger;
}

export interface VideoDecoderEvents {
  /** Of the picture that was written with this time. Who gets the frame releases it. */
  frame: [timeMs: number, frame: RawFrame];
  /** Last event, comes once: the process is gone. `isFault`: nobody asked it to go. */
  closed: [isFault: boolean];
}

/** Frames that may wait for their time and be shown. */
const mostFrames = 24;
/** More than this waiting means that decoding doesn't keep up. */
const mostWaitingBytes = 2_000_000;
const sizeLengthBytes = 4;

/**
 * One ffmpeg that decodes one stream and scales it to its tile. Timestamps survive: frames come out with the time their
 * picture went in with. Begins with a key frame.
 */
export class VideoDecoder extends EventEmitter<VideoDecoderEvents> {
  readonly shape: TileShape;
  readonly #codec: VideoCodec;
  readonly #ffmpeg: FfmpegProcess;
  readonly #output: DecoderOutput;
  readonly #pool: FramePool;
  readonly #reader: NutReader;
  #incoming: RawFrame | null = null;
  #parameterSets = '';
  /** Time 0 of the process. */
  #originMs: number | null = null;
  #lastMs = -1;
  #awaitsKey = true;
  #isClosed = false;
  #skipped = 0;

  constructor({ ffmpegPath, codec, shape, log }: VideoDecoderOptions) {
    super();
    this.shape = shape;
    this.#codec = codec;
    this.#pool = new FramePool(shape.width, shape.height, mostFrames);
    this.#reader = new NutReader({
      lend: (length) => this.#lend(length),
      onFrame: (timeMs) => this.#tell(timeMs),
    });
    const output = new DecoderOutput((bytes) => this.#read(bytes, log));
    this.#output = output;
    const ffmpeg = new FfmpegProcess(ffmpegPath, [...decoderArguments(codec, shape), ...output.target]);
    this.#ffmpeg = ffmpeg;
    output.open();
    ffmpeg.on('exit', (exit) => {
      if (exit.reason === 'failed') log.warn({ stderr: exit.stderrTail }, 'a decoder of the stage failed');
      this.#isClosed = true;
      output.close();
      this.emit('closed', exit.reason === 'failed');
    });
    if (codec === 'h264') ffmpeg.write(flvHeader({ video: true, audio: false }));
    else ffmpeg.write(ivfHeader(codec));
  }

  /** True: nothing comes out until a key frame goes in. */
  get awaitsKey(): boolean {
    return this.#awaitsKey;
  }

  /** Pictures left out because decoding didn't keep up. */
  get skipped(): number {
    return this.#skipped;
  }

  /** `timeMs`: any clock that rises; frames come back with it. */
  decode(picture: EncodedPicture, timeMs: number): void {
    if (this.#isClosed || (this.#awaitsKey && !picture.key)) return;
    if (this.#ffmpeg.waitingBytes > mostWaitingBytes) {
      this.#skipped += 1;
      this.#awaitsKey = true;
      return;
    }
    this.#awaitsKey = false;
    this.#originMs ??= timeMs;
    const relativeMs = Math.max(Math.round(timeMs - this.#originMs), this.#lastMs + 1);
    this.#lastMs = relativeMs;
    if (this.#codec === 'h264') this.#writeAvc(picture, relativeMs);
    else this.#ffmpeg.write(ivfFrame(relativeMs, picture.data));
  }

  /** Ends the process at once. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#output.close();
    await this.#ffmpeg.kill();
  }

  #writeAvc({ key, data, parameterSets }: EncodedPicture, timeMs: number): void {
    if (parameterSets !== undefined) {
      const record = buildRecord(parameterSets.sps, parameterSets.pps, sizeLengthBytes);
      const name = Buffer.from(record).toString('base64');
      if (name !== this.#parameterSets) this.#ffmpeg.write(avcConfigTag(timeMs, record));
      this.#parameterSets = name;
    }
    this.#ffmpeg.write(avcFrameTag(timeMs, { key, compositionMs: 0, data }));
  }

  #lend(length: number): Uint8Array | null {
    const isOurs = length === frameBytes(this.shape.width, this.shape.height);
    this.#incoming = isOurs ? this.#pool.borrow() : null;
    return this.#incoming?.bytes ?? null;
  }

  #tell(timeMs: number): void {
    const frame = this.#incoming;
    this.#incoming = null;
    if (frame === null) return;
    if (this.#isClosed) return frame.release();
    this.emit('frame', (this.#originMs ?? 0) + timeMs, frame);
  }

  #read(bytes: Uint8Array, log: Logger): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      log.error({ err: error }, 'a decoder of the stage wrote what can not be read');
      void this.#ffmpeg.kill();
    }
  }
}
