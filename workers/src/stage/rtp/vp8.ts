import { concat, type EncodedPicture, type PictureFormat } from './pictures.ts';

/** VP8 over RTP (RFC 7741). */
export class Vp8Format implements PictureFormat {
  #pieces: Uint8Array[] = [];

  begin(): void {
    this.#pieces = [];
  }

  add(payload: Uint8Array): boolean {
    const first = payload[0] ?? 0;
    const length = descriptorLength(payload);
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

/** Bytes of the payload descriptor: one, and extensions as its bits tell (RFC 7741 4.2). */
function descriptorLength(payload: Uint8Array): number {
  if (((payload[0] ?? 0) & 0x80) === 0) return 1;
  const extension = payload[1] ?? 0;
  let length = 2;
  if ((extension & 0x80) !== 0) length += ((payload[length] ?? 0) & 0x80) !== 0 ? 2 : 1;
  if ((extension & 0x40) !== 0) length += 1;
  if ((extension & 0x30) !== 0) length += 1;
  return length;
}
