import type { Logger } from '@maydan/common';
import { sameShape, type TileShape } from '../video/decoderArguments.ts';
import type { RawFrame } from '../video/FramePool.ts';
import { VideoDecoder } from '../video/VideoDecoder.ts';
import type { VideoInput } from '../room/VideoInput.ts';
import type { EncodedPicture } from '../rtp/pictures.ts';
import { resized, type Yuv } from './canvas.ts';

export interface TileVideoOptions {
  readonly ffmpegPath: string;
  readonly input: VideoInput;
  readonly shape: TileShape;
  readonly log: Logger;
}

/** A decoder that failed is replaced after a while, so that one that always fails costs little. */
const restartAfterMs = 1_000;
/** A sender that shows nothing for so long has no picture: a placeholder is better than a frozen face. */
const staleMs = 5_000;
const settlingPictures = 60;
/** Decoding begins so long before a picture is due: at once, with the usual playout delay. */
const aheadMs = 300;
const mostEncoded = 300;

/**
 * The pictures of one video track in the size of its tile. When the tile changes its size the old decoder goes on until the
 * new one, begun with the next key frame, gives pictures: viewers see no gap.
 */
export class TileVideo {
  readonly #options: TileVideoOptions;
  readonly #onPicture: (picture: EncodedPicture, captureMs: number) => void;
  #shape: TileShape;
  #current: VideoDecoder | null = null;
  /** Of a new shape; takes over with its first picture that is due. */
  #next: VideoDecoder | null = null;
  #waiting: { captureMs: number; frame: RawFrame; from: VideoDecoder }[] = [];
  #encoded: { picture: EncodedPicture; captureMs: number }[] = [];
  #shown: RawFrame | null = null;
  /** The shown picture in another size, until there are pictures of that size. */
  #scaled: Yuv | null = null;
  #newestMs = -Infinity;
  #decoded = 0;
  #restartAtMs = 0;
  #isClosed = false;
  #late = 0;

  constructor(options: TileVideoOptions) {
    this.#options = options;
    this.#shape = options.shape;
    this.#onPicture = (picture, captureMs) => this.#queue(picture, captureMs);
    options.input.on('picture', this.#onPicture);
    this.#open();
  }

  get input(): VideoInput {
    return this.#options.input;
  }

  /** Pictures that were decoded after their time. */
  get latePictures(): number {
    return this.#late;
  }

  setShape(shape: TileShape): void {
    if (sameShape(shape, this.#shape)) return;
    this.#shape = shape;
    this.#scaled = null;
    this.#open();
  }

  /** What is to be shown now, in the size of the tile; null: nothing (yet, or any more). */
  pictureAt(nowMs: number): Yuv | null {
    this.#reopen(nowMs);
    this.#decodeDue(nowMs);
    const capturedBy = nowMs - this.input.delayMs;
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined || first.captureMs > capturedBy) break;
      this.#waiting.shift();
      this.#show(first.frame, first.from);
    }
    const shown = this.#shown;
    if (shown === null || capturedBy - this.#newestMs > staleMs) return null;
    if (shown.width === this.#shape.width && shown.height === this.#shape.height) return shown;
    this.#scaled ??= resized(shown, this.#shape);
    return this.#scaled;
  }

  close(): void {
    this.#isClosed = true;
    this.#options.input.off('picture', this.#onPicture);
    void this.#current?.close();
    void this.#next?.close();
    for (const { frame } of this.#waiting) frame.release();
    this.#waiting = [];
    this.#shown?.release();
    this.#shown = null;
  }

  #open(): void {
    const { ffmpegPath, input, log } = this.#options;
    const decoder = new VideoDecoder({ ffmpegPath, codec: input.codec, shape: this.#shape, log });
    decoder.on('frame', (captureMs, frame) => this.#take(captureMs, frame, decoder));
    decoder.on('closed', (isFault) => this.#closed(decoder, isFault));
    if (this.#current === null) {
      this.#current = decoder;
    } else {
      void this.#next?.close();
      this.#next = decoder;
    }
    input.wantKeyFrame();
  }

  #reopen(nowMs: number): void {
    if (this.#current === null && !this.#isClosed && nowMs >= this.#restartAtMs) this.#open();
  }

  #closed(decoder: VideoDecoder, isFault: boolean): void {
    if (this.#isClosed) return;
    if (decoder === this.#next) this.#next = null;
    if (decoder === this.#current) {
      this.#current = this.#next;
      this.#next = null;
    }
    if (isFault) this.#restartAtMs = performance.now() + restartAfterMs;
  }

  #queue(picture: EncodedPicture, captureMs: number): void {
    this.#encoded.push({ picture, captureMs });
    if (this.#encoded.length > mostEncoded) this.#encoded.shift();
    this.#decodeDue(performance.now());
  }

  /** With a long playout delay pictures wait as they came, since decoded ones take a hundred times the memory. */
  #decodeDue(nowMs: number): void {
    const capturedBy = nowMs - this.input.delayMs + aheadMs;
    for (let next = this.#encoded[0]; next !== undefined; next = this.#encoded[0]) {
      if (next.captureMs > capturedBy) return;
      this.#encoded.shift();
      for (const decoder of [this.#current, this.#next]) {
        decoder?.decode(next.picture, next.captureMs);
        if (decoder?.awaitsKey === true) this.input.wantKeyFrame();
      }
    }
  }

  #take(captureMs: number, frame: RawFrame, from: VideoDecoder): void {
    if (this.#isClosed || (from !== this.#current && from !== this.#next)) return frame.release();
    if (from === this.#current) this.#observe(captureMs);
    this.#newestMs = Math.max(this.#newestMs, captureMs);
    this.#waiting.push({ captureMs, frame, from });
    this.#waiting.sort((a, b) => a.captureMs - b.captureMs);
  }

  /** The first pictures come late with the start of the decoder, which says nothing of those that follow. */
  #observe(captureMs: number): void {
    const nowMs = performance.now();
    this.#decoded += 1;
    if (nowMs > captureMs + this.input.delayMs) this.#late += 1;
    if (this.#decoded > settlingPictures) this.input.decoded(captureMs, nowMs);
  }

  #show(frame: RawFrame, from: VideoDecoder): void {
    if (from === this.#next) {
      const before = this.#current;
      this.#current = from;
      this.#next = null;
      void before?.close();
    } else if (from !== this.#current) {
      return frame.release();
    }
    this.#shown?.release();
    this.#shown = frame;
    this.#scaled = null;
  }
}
