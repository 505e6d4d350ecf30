import { buildRecord } from '../../source/avcConfig.ts';
import { parseSps } from '@maydan/common';
import type { EncodedPicture } from '../rtp/pictures.ts';
import type { VideoInput } from '../room/VideoInput.ts';
import type { AvcPicture } from './AvcPicture.ts';

/** A picture to be passed on; `record`: it begins with this configuration. */
export interface PassedPicture extends AvcPicture {
  readonly record: Uint8Array | null;
}

/** HLS segments begin at key frames. */
const keyFrameEveryMs = 2_000;
/** Without a picture for so long, viewers should see a placeholder rather than nothing. */
const standstillMs = 1_500;
/** Older pictures were composed already. */
const freshMs = 150;
const mostWaiting = 300;
const lengthSize = 4;

/** The H.264 pictures of one sender as they are, at their times. */
export class Passthrough {
  readonly input: VideoInput;
  readonly #onTrouble: (nowMs: number) => void;
  readonly #onPicture: (picture: EncodedPicture, captureMs: number) => void;
  readonly #sinceMs: number;
  #waiting: PassedPicture[] = [];
  #size: string | null = null;
  #sizeSinceMs = -Infinity;
  #lastMs: number;
  #lastKeyMs: number;
  #dropped: number;

  constructor(input: VideoInput, nowMs: number, onTrouble: (nowMs: number) => void) {
    this.input = input;
    this.#onTrouble = onTrouble;
    this.#sinceMs = nowMs;
    this.#lastMs = nowMs;
    this.#lastKeyMs = nowMs;
    this.#dropped = input.figures.droppedPictures;
    this.#onPicture = (picture, captureMs) => this.#take(picture, captureMs + input.delayMs);
    input.on('picture', this.#onPicture);
    input.wantKeyFrame();
  }

  /** How long pictures have kept their size. */
  steadyMs(nowMs: number): number {
    return this.#size === null ? 0 : nowMs - Math.max(this.#sinceMs, this.#sizeSinceMs);
  }

  /** A key frame has just become due: passing on may begin with it. What was due before is forgotten. */
  beginsBy(nowMs: number): boolean {
    const at = this.#waiting.findLastIndex(({ key, timeMs }) => key && timeMs <= nowMs);
    const begins = nowMs - (this.#waiting[at]?.timeMs ?? -Infinity) <= freshMs;
    this.#waiting = begins ? this.#waiting.slice(at) : this.#waiting.filter(({ timeMs }) => timeMs > nowMs);
    return begins;
  }

  /** Pictures whose time has come, in order. Asks for a key frame when there was none for a while. */
  due(nowMs: number): PassedPicture[] {
    const count = this.#waiting.findIndex(({ timeMs }) => timeMs > nowMs);
    const pictures = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
    if (pictures.some(({ key }) => key)) this.#lastKeyMs = nowMs;
    if (pictures.length > 0) this.#lastMs = nowMs;
    if (nowMs - this.#lastKeyMs >= keyFrameEveryMs) {
      this.#lastKeyMs = nowMs;
      this.input.wantKeyFrame();
    }
    this.#look(nowMs);
    return pictures;
  }

  /** Nothing could be taken while this process stood still itself. */
  slept(ms: number): void {
    this.#lastMs += ms;
  }

  /** True while nothing comes, though it should. */
  isStandingStill(nowMs: number): boolean {
    return nowMs - this.#lastMs > standstillMs;
  }

  close(): void {
    this.input.off('picture', this.#onPicture);
  }

  #look(nowMs: number): void {
    const { droppedPictures } = this.input.figures;
    if (droppedPictures > this.#dropped) this.#onTrouble(nowMs);
    this.#dropped = droppedPictures;
  }

  #take({ key, data, parameterSets }: EncodedPicture, dueMs: number): void {
    const record = parameterSets === undefined ? null : this.#configure(parameterSets, dueMs);
    this.#waiting.push({ timeMs: dueMs, key, data, record });
    if (this.#waiting.length > mostWaiting) this.#waiting.shift();
  }

  #configure({ sps, pps }: NonNullable<EncodedPicture['parameterSets']>, dueMs: number): Uint8Array | null {
    try {
      const { width, height } = parseSps(sps);
      const size = `${width}x${height}`;
      if (this.#size !== null && size !== this.#size) this.#onTrouble(dueMs);
      if (size !== this.#size) this.#sizeSinceMs = dueMs;
      this.#size = size;
      return buildRecord(sps, pps, lengthSize);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#onTrouble(dueMs);
      return null;
    }
  }
}
