import { RelayStream } from '@maydan/common';
import { silentAacConfig } from '../../source/aacConfig.ts';
import {
  aacConfigTag,
  aacFrameTag,
  avcConfigTag,
  avcFrameTag,
  metadataTag,
} from '../../source/flv/writeFlv.ts';
import type { AvcPicture } from '../picture/AvcPicture.ts';

/** An encoder that is further behind has a problem of its own, which isn't the sound's. */
const longestWaitMs = 2_000;

/**
 * One publish of a stage as FLV, on the playout clock: `originMs` is FLV time 0. Times of each track never go back, also when
 * what makes the pictures is replaced.
 */
export class StageFlv {
  readonly relay = new RelayStream();
  readonly #originMs: number;
  readonly #hasPicture: boolean;
  #config: Uint8Array | null = null;
  #awaitsKey = true;
  #videoMs = -1;
  #audioMs = -1;
  #byteLength = 0;
  #pictures = 0;
  /** Sound that is ahead of the pictures, which take longer to encode. */
  readonly #waitingSound: { readonly timeMs: number; readonly data: Uint8Array }[] = [];

  constructor(originMs: number, frameRate: number | null) {
    this.#originMs = originMs;
    this.#hasPicture = frameRate !== null;
    this.relay.push({
      kind: 'metadata',
      track: 0,
      bytes: metadataTag(frameRate === null ? {} : { framerate: frameRate }),
    });
    // AAC-LC, 48 kHz, stereo, as AacEncoder makes it.
    this.relay.push({ kind: 'audioConfig', track: 0, bytes: aacConfigTag(0, silentAacConfig.record) });
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Time of the last picture. */
  get pictureMs(): number {
    return this.#videoMs;
  }

  get pictures(): number {
    return this.#pictures;
  }

  /** Pictures of another configuration follow, with a key frame first. One that is in force already changes nothing. */
  config(record: Uint8Array): void {
    if (this.#config !== null && Buffer.from(this.#config).equals(record)) return;
    this.#config = record;
    this.#awaitsKey = true;
    const bytes = avcConfigTag(Math.max(0, this.#videoMs), record);
    this.relay.push({ kind: 'videoConfig', track: 0, bytes });
  }

  picture({ timeMs, key, data }: AvcPicture): void {
    const time = Math.round(timeMs - this.#originMs);
    if (this.#config === null || time < 0 || (this.#awaitsKey && !key)) return;
    this.#awaitsKey = false;
    this.#videoMs = Math.max(time, this.#videoMs + 1);
    const bytes = avcFrameTag(this.#videoMs, { key, compositionMs: 0, data });
    this.#pictures += 1;
    this.#push(key ? 'keyFrame' : 'frame', bytes);
    this.#sendSound(this.#videoMs);
  }

  /**
   * Sound waits for the pictures of its time, at most `longestWaitMs`: FLV is read in the order it comes, so sound ahead of
   * its pictures looks like pictures that are gone, and sound before the first one like a stream without any.
   */
  sound(timeMs: number, data: Uint8Array): void {
    const time = Math.round(timeMs - this.#originMs);
    if (time < 0 || (this.#hasPicture && this.#pictures === 0)) return;
    this.#waitingSound.push({ timeMs: time, data });
    this.#sendSound(this.#hasPicture ? Math.max(this.#videoMs, time - longestWaitMs) : time);
  }

  /** Ends everybody who plays it. Idempotent. */
  end(): void {
    this.#sendSound(Number.POSITIVE_INFINITY);
    this.relay.end();
  }

  #sendSound(untilMs: number): void {
    for (let next = this.#waitingSound[0]; next !== undefined; next = this.#waitingSound[0]) {
      if (next.timeMs > untilMs) return;
      this.#waitingSound.shift();
      this.#audioMs = Math.max(next.timeMs, this.#audioMs + 1);
      this.#push('audio', aacFrameTag(this.#audioMs, next.data));
    }
  }

  #push(kind: 'keyFrame' | 'frame' | 'audio', bytes: Buffer): void {
    this.#byteLength += bytes.length;
    this.relay.push({ kind, track: 0, bytes });
  }
}
