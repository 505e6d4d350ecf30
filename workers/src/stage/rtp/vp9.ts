import { concat, type EncodedPicture, type PictureFormat } from './pictures.ts';

/** VP9 over RTP (RFC 9628); the layer frames of a picture become a superframe, of which a decoder shows the last. */
export class Vp9Format implements PictureFormat {
  #frames: Uint8Array[] = [];
  #pieces: Uint8Array[] = [];
  #key = false;

  begin(): void {
    this.#frames = [];
    this.#pieces = [];
    this.#key = false;
  }

  add(payload: Uint8Array): boolean {
    const first = payload[0] ?? 0;
    const length = descriptorLength(payload);
    if (length === null || length >= payload.length) return false;
    const isStart = (first & 0x08) !== 0;
    if (isStart !== (this.#pieces.length === 0)) return false;
    // P is 0 where no earlier picture is needed.
    if (isStart && this.#frames.length === 0) this.#key = (first & 0x40) === 0;
    this.#pieces.push(payload.subarray(length));
    if ((first & 0x04) !== 0) {
      this.#frames.push(concat(this.#pieces));
      this.#pieces = [];
    }
    return true;
  }

  finish(timestamp: number): EncodedPicture | 'broken' | null {
    if (this.#frames.length === 0 || this.#pieces.length > 0) return 'broken';
    return { timestamp, key: this.#key, data: superframe(this.#frames) };
  }
}

/** Bytes of the payload descriptor (RFC 9628 4.2); null when it is cut. */
function descriptorLength(payload: Uint8Array): number | null {
  const first = payload[0] ?? 0;
  const [hasId, isInter, hasLayers, isFlexible] = [first & 0x80, first & 0x40, first & 0x20, first & 0x10];
  let at = 1;
  if (hasId) at += ((payload[at] ?? 0) & 0x80) !== 0 ? 2 : 1;
  if (hasLayers) at += isFlexible ? 1 : 2;
  if (isFlexible && isInter) {
    for (let count = 0; count < 3; count += 1) {
      at += 1;
      if (((payload[at - 1] ?? 0) & 1) === 0) break;
    }
  }
  if ((first & 0x02) !== 0) at = scalabilityEnd(payload, at);
  return at <= payload.length ? at : null;
}

function scalabilityEnd(payload: Uint8Array, start: number): number {
  const head = payload[start] ?? 0;
  let at = start + 1;
  if ((head & 0x10) !== 0) at += 4 * ((head >> 5) + 1);
  if ((head & 0x08) === 0) return at;
  const groups = payload[at] ?? 0;
  at += 1;
  for (let group = 0; group < groups; group += 1) at += 1 + (((payload[at] ?? 0) >> 2) & 3);
  return at;
}

/** Frames with an index behind them (VP9 bitstream specification, Annex B); a lone frame needs none. */
function superframe(frames: readonly Uint8Array[]): Uint8Array {
  const [only] = frames;
  if (frames.length === 1 && only !== undefined) return only;
  const sizeBytes = 4;
  const marker = 0xc0 | ((sizeBytes - 1) << 3) | (frames.length - 1);
  const index = new Uint8Array(2 + sizeBytes * frames.length).fill(marker);
  const view = new DataView(index.buffer);
  for (const [at, { length }] of frames.entries()) view.setUint32(1 + sizeBytes * at, length, true);
  return concat([...frames, index]);
}
