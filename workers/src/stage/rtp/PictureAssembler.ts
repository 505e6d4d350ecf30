import { Av1Format } from './av1.ts';
import { H264Format } from './h264.ts';
import type { EncodedPicture, PictureFormat } from './pictures.ts';
import type { Ordered } from './ReorderBuffer.ts';
import { Vp8Format } from './vp8.ts';
import { Vp9Format } from './vp9.ts';

export type VideoCodec = 'h264' | 'vp8' | 'vp9' | 'av1';

const formats: Record<VideoCodec, () => PictureFormat> = {
  h264: () => new H264Format(),
  vp8: () => new Vp8Format(),
  vp9: () => new Vp9Format(),
  av1: () => new Av1Format(),
};

/**
 * With up to 2 KiB each some 8 MB: no encoder for real time makes such a picture, but somebody might send packets of one picture
 * for ever, to take our memory.
 */
const mostPackets = 4_000;

/** The codec of a MIME type (`video/VP8`); null for what can't be shown. */
export function videoCodecOf(mimeType: string): VideoCodec | null {
  const name = mimeType.toLowerCase().replace('video/', '');
  return name === 'h264' || name === 'vp8' || name === 'vp9' || name === 'av1' ? name : null;
}

/**
 * Makes pictures of packets in order. A picture with a hole, and all that need it, are left out up to the next key frame:
 * a still picture is better than a torn one.
 */
export class PictureAssembler {
  readonly #format: PictureFormat;
  #timestamp: number | null = null;
  #broken = false;
  #needsKeyFrame = true;
  /** Of the picture that is being put together. */
  #packets = 0;
  #dropped = 0;

  constructor(codec: VideoCodec) {
    this.#format = formats[codec]();
  }

  /** Nothing is shown until a key frame comes: one should be asked for. */
  get needsKeyFrame(): boolean {
    return this.#needsKeyFrame;
  }

  /** Pictures left out so far. */
  get dropped(): number {
    return this.#dropped;
  }

  push({ packet, lostBefore }: Ordered): EncodedPicture[] {
    const done: (EncodedPicture | null)[] = [];
    if (lostBefore > 0) this.#lost();
    if (packet.timestamp !== this.#timestamp) {
      // The marker of the picture before was lost, or its codec sets none.
      if (this.#timestamp !== null) done.push(this.#finish());
      this.#timestamp = packet.timestamp;
      this.#begin();
    }
    if (packet.payload.length > 0) this.#add(packet.payload);
    if (packet.marker) done.push(this.#finish());
    return done.filter((picture) => picture !== null);
  }

  #begin(): void {
    this.#packets = 0;
    this.#format.begin();
  }

  /** Nothing is kept of a picture that has too many. */
  #add(payload: Uint8Array): void {
    this.#packets += 1;
    if (this.#packets <= mostPackets && this.#format.add(payload)) return;
    this.#broken = true;
    if (this.#packets > mostPackets) this.#format.begin();
  }

  /** In the middle of a picture, or whole pictures; whether the next one is whole is seen from how it begins. */
  #lost(): void {
    if (this.#timestamp === null) this.#needsKeyFrame = true;
    else this.#broken = true;
  }

  #finish(): EncodedPicture | null {
    const made = this.#timestamp === null ? null : this.#format.finish(this.#timestamp);
    const isBroken = this.#broken || made === 'broken';
    this.#timestamp = null;
    this.#broken = false;
    if (isBroken) this.#needsKeyFrame = true;
    else if (made !== null && made.key) this.#needsKeyFrame = false;
    if (made === null || made === 'broken' || this.#needsKeyFrame) {
      if (isBroken || made !== null) this.#dropped += 1;
      return null;
    }
    return made;
  }
}
