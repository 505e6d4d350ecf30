import { vp8DescriptorLength } from '@maydan/common';
import { concat, type EncodedPicture, type PictureFormat } from './pictures.ts';

/** VP8 over RTP (RFC 7741). */
export class Vp8Format implements PictureFormat {
  #pieces: Uint8Array[] = [];

  begin(): void {
    this.#pieces = [];
  }

  add(payload: Uint8Array): boolean {
    const first = payload[0] ?? 0;
    const length = vp8DescriptorLength(payload);
    if (length >= payload.length) return false;
    // S and PID 0: the first partition's first bytes, with which a picture begins and no other packet does.
    const isStart = (first & 0x10) !== 0 && (first & 0x07) === 0;
    if (isStart !== (this.#pieces.length === 0)) return false;
    this.#pieces.push(payload.subarray(length));
    return true;
  }

  finish(timestamp: number): EncodedPicture | null {
    const first = this.#pieces[0];
    if (first === undefined) return null;
    // The P bit of the frame header is 0 in key frames.
    return { timestamp, key: ((first[0] ?? 1) & 1) === 0, data: concat(this.#pieces) };
  }
}
