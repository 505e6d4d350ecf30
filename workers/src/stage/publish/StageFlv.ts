import { RelayStream } from '@maydan/common';
import { silentAacConfig } from '../../source/aacConfig.ts';
import {
  aacConfigTag,
  aacFrameTag,
  avcConfigTag,
  avcFrameTag,
  metadataTag,
} from '../../source/flv/writeFlv.ts';
import type { AvcPicture } from '../video/PictureEncoder.ts';

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
  }

  /** Sound waits for the first picture: who reads this from its beginning must not take it for sound alone. */
  sound(timeMs: number, data: Uint8Array): void {
    const time = Math.round(timeMs - this.#originMs);
    if (time < 0 || (this.#hasPicture && this.#pictures === 0)) return;
    this.#audioMs = Math.max(time, this.#audioMs + 1);
    this.#push('audio', aacFrameTag(this.#audioMs, data));
  }

  /** Ends everybody who plays it. Idempotent. */
  end(): void {
    this.relay.end();
  }

  #push(kind: 'keyFrame' | 'frame' | 'audio', bytes: Buffer): void {
    this.#byteLength += bytes.length;
    this.relay.push({ kind, track: 0, bytes });
  }
}
