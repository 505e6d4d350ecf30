/** Takes the raw frames out of ADTS (ISO/IEC 14496-3, 1.A.2), one block a frame, without checksum, as ffmpeg writes it. */
export class AdtsReader {
  readonly #onFrame: (data: Uint8Array) => void;
  #pending: Uint8Array = new Uint8Array(0);

  constructor(onFrame: (data: Uint8Array) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws RangeError when the stream is out of step. */
  push(chunk: Uint8Array): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let at = 0;
    while (at + headerBytes <= bytes.length) {
      const [sync = 0, next = 0] = bytes.subarray(at, at + 2);
      if (sync !== 0xff || (next & 0xf0) !== 0xf0) throw new RangeError('Not an ADTS frame');
      const [high = 0, middle = 0, low = 0] = bytes.subarray(at + 3, at + 6);
      const length = ((high & 3) << 11) | (middle << 3) | (low >> 5);
      if (length <= headerBytes) throw new RangeError('An ADTS frame without data');
      if (at + length > bytes.length) break;
      this.#onFrame(new Uint8Array(bytes.subarray(at + headerBytes, at + length)));
      at += length;
    }
    this.#pending = new Uint8Array(bytes.subarray(at));
  }
}

const headerBytes = 7;
