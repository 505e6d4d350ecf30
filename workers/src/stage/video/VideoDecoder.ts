import { EventEmitter } from 'node:events';
import type { Logger } from '@maydan/common';
import { avcConfigTag, avcFrameTag, flvHeader } from '../../source/flv/writeFlv.ts';
import { buildRecord } from '../../source/avcConfig.ts';
import type { EncodedPicture } from '../rtp/pictures.ts';
import type { VideoCodec } from '../rtp/PictureAssembler.ts';
import { decoderArguments, type TileShape } from './decoderArguments.ts';
import { FfmpegProcess } from './FfmpegProcess.ts';
import { frameBytes } from './FramePool.ts';
import { ivfFrame, ivfHeader } from './ivf.ts';
import { PictureFiles } from './PictureFiles.ts';

export interface VideoDecoderOptions {
  readonly ffmpegPath: string;
  readonly codec: VideoCodec;
  readonly shape: TileShape;
  readonly log: Logger;
}

export interface VideoDecoderEvents {
  /** Last event, comes once: the process is gone. The last picture can be read only now. `isFault`: nobody asked it to go. */
  closed: [isFault: boolean];
}

export interface DecodedPicture {
  /** As it was told to `decode`. */
  readonly captureMs: number;
  /** When it was ready (`performance.now()`). */
  readonly decodedMs: number;
}

/** A picture by the time it has in the process. */
interface Known {
  readonly captureMs: number;
  readonly name: number;
}

/** Pictures that may wait for their time and be shown. */
const mostPictures = 24;
/** So many pictures, and it is looked whether files are left of some that came out of turn. */
const sweepEvery = 300;
/** More than this waiting means that decoding doesn't keep up. */
const mostWaitingBytes = 2_000_000;
const sizeLengthBytes = 4;

/**
 * One ffmpeg that decodes one stream and scales it to its tile. Timestamps survive: pictures come out with the time
 * they went in with, and are looked for when they are due. Begins with a key frame.
 */
export class VideoDecoder extends EventEmitter<VideoDecoderEvents> {
  readonly shape: TileShape;
  readonly #codec: VideoCodec;
  readonly #ffmpeg: FfmpegProcess;
  readonly #files: PictureFiles;
  /** Written to the process and not yet shown, oldest first. */
  #waiting: Known[] = [];
  #shown: Known | null = null;
  #sinceSweep = 0;
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
    const files = new PictureFiles(mostPictures * frameBytes(shape.width, shape.height));
    this.#files = files;
    const ffmpeg = new FfmpegProcess(ffmpegPath, [...decoderArguments(codec, shape), ...files.target]);
    this.#ffmpeg = ffmpeg;
    ffmpeg.on('exit', (exit) => {
      if (exit.reason === 'failed') log.warn({ stderr: exit.stderrTail }, 'a decoder of the stage failed');
      this.#isClosed = true;
      this.emit('closed', exit.reason === 'failed');
      files.close();
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

  /** `captureMs`: any clock that rises. */
  decode(picture: EncodedPicture, captureMs: number): void {
    if (this.#isClosed || (this.#awaitsKey && !picture.key)) return;
    if (this.#ffmpeg.waitingBytes > mostWaitingBytes) {
      this.#skipped += 1;
      this.#awaitsKey = true;
      return;
    }
    this.#awaitsKey = false;
    this.#originMs ??= captureMs;
    const name = Math.max(Math.round(captureMs - this.#originMs), this.#lastMs + 1);
    this.#lastMs = name;
    this.#files.expect(name);
    if (this.#codec === 'h264') this.#writeAvc(picture, name);
    else this.#ffmpeg.write(ivfFrame(name, picture.data));
    this.#waiting.push({ captureMs, name });
    if (this.#waiting.length > mostPictures) this.#files.remove(this.#waiting.shift()?.name ?? 0);
  }

  /** Goes on to the newest decoded picture that was captured until then; null: there is none but the one before. */
  advance(capturedByMs: number): DecodedPicture | null {
    for (let at = this.#waiting.length - 1; at >= 0; at -= 1) {
      const picture = this.#waiting[at];
      if (picture === undefined || picture.captureMs > capturedByMs) continue;
      const decodedMs = this.#files.writtenMs(picture.name);
      if (decodedMs === null) continue;
      this.#show(picture, at);
      return { captureMs: picture.captureMs, decodedMs };
    }
    return null;
  }

  /** Reads the picture that `advance` went on to into a buffer of its size. False: there is none. */
  read(into: Uint8Array): boolean {
    return this.#shown !== null && this.#files.read(this.#shown.name, into);
  }

  /** Ends the process at once. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#ffmpeg.kill();
  }

  #show(picture: Known, at: number): void {
    if (this.#shown !== null) this.#files.recycle(this.#shown.name);
    this.#forget(at);
    this.#waiting.shift();
    this.#shown = picture;
    this.#sinceSweep += 1;
    if (this.#sinceSweep < sweepEvery) return;
    this.#sinceSweep = 0;
    this.#files.removeBefore(picture.name);
  }

  /** They come out in order: the older ones are there, too, or never will be. */
  #forget(count: number): void {
    for (const { name } of this.#waiting.splice(0, count)) this.#files.recycle(name);
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
}
