import type { Logger } from '@maydan/common';
import { sameShape, type TileShape } from '../video/decoderArguments.ts';
import { frameBytes } from '../video/FramePool.ts';
import { VideoDecoder, type DecodedPicture } from '../video/VideoDecoder.ts';
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
/** A decoder that still lags behind takes over all the same: the machine is too slow for two of them. */
const mostCatchingUpMs = 5_000;

/**
 * The pictures of one video track in the size of its tile. When the tile changes its size the old decoder goes on until the
 * new one, begun with the next key frame, has caught up: viewers see no gap and nothing twice.
 */
export class TileVideo {
  readonly #options: TileVideoOptions;
  readonly #onPicture: (picture: EncodedPicture, captureMs: number) => void;
  #shape: TileShape;
  #current: VideoDecoder | null = null;
  /** Of a new shape; takes over when it has caught up. */
  #next: VideoDecoder | null = null;
  /** When the next one gave its first picture. */
  #nextSinceMs: number | null = null;
  #encoded: { picture: EncodedPicture; captureMs: number }[] = [];
  /** Capture time of the shown picture. */
  #shownMs = -Infinity;
  /** The last picture of a decoder that is gone. */
  #kept: Yuv | null = null;
  /** The shown picture in another size, until there are pictures of that size. */
  #scaled: Yuv | null = null;
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

  /** Capture time of what is shown. */
  get shownMs(): number {
    return this.#shownMs;
  }

  setShape(shape: TileShape): void {
    if (sameShape(shape, this.#shape)) return;
    this.#shape = shape;
    this.#scaled = null;
    this.#open();
  }

  /** Goes on to what is to be shown now. False: nothing (yet, or any more). */
  advance(nowMs: number): boolean {
    this.#reopen(nowMs);
    this.#decodeDue(nowMs);
    const capturedBy = nowMs - this.input.delayMs;
    const picture = this.#current?.advance(capturedBy) ?? null;
    if (picture !== null) this.#show(picture, nowMs);
    const other = this.#next?.advance(capturedBy) ?? null;
    if (other !== null && this.#hasCaughtUp(other, nowMs)) {
      this.#takeOver();
      this.#show(other, nowMs);
    }
    return capturedBy - this.#shownMs <= staleMs;
  }

  /** The picture that `advance` went on to, in the size of the tile; it may be written to `scratch`, which holds any. */
  picture(scratch: Buffer): Yuv | null {
    if (this.#scaled !== null) return this.#scaled;
    const shown = this.#kept ?? this.#read(scratch);
    const { width, height } = this.#shape;
    if (shown === null || (shown.width === width && shown.height === height)) return shown;
    this.#scaled = resized(shown, this.#shape);
    return this.#scaled;
  }

  close(): void {
    this.#isClosed = true;
    this.#options.input.off('picture', this.#onPicture);
    void this.#current?.close();
    void this.#next?.close();
    this.#kept = null;
  }

  #open(): void {
    const { ffmpegPath, input, log } = this.#options;
    const decoder = new VideoDecoder({ ffmpegPath, codec: input.codec, shape: this.#shape, log });
    decoder.on('closed', (isFault) => this.#closed(decoder, isFault));
    if (this.#current === null) {
      this.#current = decoder;
    } else {
      void this.#next?.close();
      this.#next = decoder;
      this.#nextSinceMs = null;
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
      this.#keepLast();
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

  /**
   * A decoder begins with pictures that came while its process started. They are late: taken over with them, the face would
   * go back in time, away from its voice, and the playout delay would be raised for good.
   */
  #hasCaughtUp({ captureMs }: DecodedPicture, nowMs: number): boolean {
    this.#nextSinceMs ??= nowMs;
    return captureMs >= this.#shownMs || nowMs - this.#nextSinceMs > mostCatchingUpMs;
  }

  #takeOver(): void {
    const before = this.#current;
    this.#current = this.#next;
    this.#next = null;
    this.#decoded = 0;
    void before?.close();
  }

  /** The first pictures come late with the start of the decoder, which says nothing of those that follow. */
  #show({ captureMs, decodedMs }: DecodedPicture, nowMs: number): void {
    this.#shownMs = captureMs;
    this.#kept = null;
    this.#scaled = null;
    this.#decoded += 1;
    if (decodedMs > captureMs + this.input.delayMs) this.#late += 1;
    if (this.#decoded > settlingPictures) this.input.decoded(captureMs, Math.min(decodedMs, nowMs));
  }

  /** What is shown goes on to be, until another decoder gives something. */
  #keepLast(): void {
    const { width, height } = this.#current?.shape ?? this.#shape;
    this.#kept = this.#read(Buffer.alloc(frameBytes(width, height))) ?? this.#kept;
  }

  #read(scratch: Buffer): Yuv | null {
    const decoder = this.#current;
    if (decoder === null) return null;
    const { width, height } = decoder.shape;
    const bytes = scratch.subarray(0, frameBytes(width, height));
    return decoder.read(bytes) ? { width, height, bytes } : null;
  }
}
