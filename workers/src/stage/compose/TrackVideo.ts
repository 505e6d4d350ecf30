import type { VideoInput } from '../room/VideoInput.ts';
import type { EncodedPicture } from '../rtp/pictures.ts';

/** A sender that shows nothing for so long has no picture: a placeholder is better than a frozen face. */
const staleMs = 5_000;
const mostWaiting = 300;
/** Pictures that end the composer are kept from it: for so long the first time, and twice as long each further time. */
const firstBanMs = 10_000;
const mostDoublings = 5;

/**
 * The pictures of one track, from their packets to the moment they are due. Each is decoded only then, since a decoded one takes
 * a hundred times the memory. Begins with a key frame.
 */
export class TrackVideo {
  readonly input: VideoInput;
  /** Number of the track with the composer. */
  readonly id: number;
  readonly #onPicture: (picture: EncodedPicture, captureMs: number) => void;
  #waiting: { readonly picture: EncodedPicture; readonly captureMs: number }[] = [];
  #awaitsKey = true;
  /** Capture time of the last picture that was due. */
  #lastMs = -Infinity;
  #isShown = false;
  #bannedUntilMs = -Infinity;
  #bans = 0;
  #late = 0;

  constructor(input: VideoInput, id: number) {
    this.input = input;
    this.id = id;
    this.#onPicture = (picture, captureMs) => this.#queue(picture, captureMs, performance.now());
    input.on('picture', this.#onPicture);
    input.wantKeyFrame();
  }

  /** Pictures that were whole only after their time. */
  get latePictures(): number {
    return this.#late;
  }

  /** Pictures whose time has come, oldest first; all of them are to be decoded. */
  due(nowMs: number): EncodedPicture[] {
    const capturedBy = nowMs - this.input.delayMs;
    const pictures: EncodedPicture[] = [];
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.captureMs > capturedBy) break;
      this.#waiting.shift();
      if (this.#takes(next.picture, nowMs)) {
        this.#lastMs = next.captureMs;
        pictures.push(next.picture);
      }
    }
    if (this.#awaitsKey && nowMs >= this.#bannedUntilMs) this.input.wantKeyFrame();
    return pictures;
  }

  /** Whether there is something to show now. */
  hasPicture(nowMs: number): boolean {
    return this.#isShown && nowMs - this.input.delayMs - this.#lastMs <= staleMs;
  }

  /** The composer has decoded its first picture. */
  shown(): void {
    this.#isShown = true;
  }

  /** What was due can't be decoded; a key frame is the next that can. */
  needsKey(): void {
    this.#awaitsKey = true;
  }

  /** Another composer begins. `isCulprit`: the one before ended over a picture of this track. */
  restart(isCulprit: boolean, nowMs: number): void {
    this.#awaitsKey = true;
    this.#isShown = false;
    if (!isCulprit) return;
    this.#bannedUntilMs = nowMs + firstBanMs * 2 ** this.#bans;
    this.#bans = Math.min(this.#bans + 1, mostDoublings);
  }

  close(): void {
    this.input.off('picture', this.#onPicture);
    this.#waiting = [];
  }

  #queue(picture: EncodedPicture, captureMs: number, nowMs: number): void {
    this.#waiting.push({ picture, captureMs });
    if (this.#waiting.length > mostWaiting) {
      this.#waiting.shift();
      this.#awaitsKey = true;
    }
    if (nowMs > captureMs + this.input.delayMs) this.#late += 1;
    this.input.decoded(captureMs, nowMs);
  }

  #takes({ key }: EncodedPicture, nowMs: number): boolean {
    if (nowMs < this.#bannedUntilMs || (this.#awaitsKey && !key)) return false;
    this.#awaitsKey = false;
    return true;
  }
}
