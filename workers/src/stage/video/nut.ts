/**
 * Reads NUT (the container of raw media of ffmpeg, https://ffmpeg.org/nut.html) as ffmpeg writes it to a pipe: one video
 * stream, whose frames come with their timestamps. Pure but for the buffers it is lent.
 */
export interface NutOptions {
  /** Lends a buffer of that size; null: the frame is skipped. */
  readonly lend: (byteLength: number) => Uint8Array | null;
  readonly onFrame: (timeMs: number, frame: Uint8Array) => void;
}

const fileId = Buffer.from('nut/multimedia container\0', 'latin1');
const startCodes = {
  main: 0x4e4d7a561f5f04adn,
  stream: 0x4e5311405bf2f9dbn,
  syncpoint: 0x4e4be4adeeca4569n,
};
const flag = {
  codedPts: 8,
  streamId: 16,
  sizeMsb: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  headerIndex: 1024,
  matchTime: 2048,
  coded: 4096,
  invalid: 8192,
};
const firstByteOfHeaders = 0x4e;
/** A frame's own header is shorter than this. */
const longestFrameHeader = 64;

interface FrameCode {
  readonly flags: number;
  readonly ptsDelta: number;
  readonly sizeMul: number;
  readonly sizeLsb: number;
}

interface IncomingFrame {
  readonly pts: number;
  readonly length: number;
  filled: number;
  /** Null: skipped. */
  readonly buffer: Uint8Array | null;
}

/** Thrown when bytes run out in the middle of something; more are waited for. */
class NeedMore extends Error {}

class Cursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new NeedMore();
    this.at += 1;
    return value;
  }

  /** Variable length, seven bits a byte. */
  v(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  }

  /** Signed, as v of 2|x| or so. */
  s(): number {
    const value = this.v() + 1;
    return value % 2 === 1 ? -Math.floor(value / 2) : value / 2;
  }

  u64(): bigint {
    let value = 0n;
    for (let index = 0; index < 8; index += 1) value = (value << 8n) | BigInt(this.byte());
    return value;
  }
}

/** Incremental parser; throws RangeError on bytes that are no NUT. */
export class NutReader {
  readonly #options: NutOptions;
  #pending: Uint8Array = new Uint8Array(0);
  #isBegun = false;
  #codes: FrameCode[] = [];
  #unitMs = 1;
  #msbPtsShift = 0;
  #lastPts = 0;
  /** The frame whose bytes are coming in. */
  #frame: IncomingFrame | null = null;

  constructor(options: NutOptions) {
    this.#options = options;
  }

  push(chunk: Uint8Array): void {
    let bytes = chunk;
    while (bytes.length > 0) {
      if (this.#frame !== null) {
        bytes = bytes.subarray(this.#fill(this.#frame, bytes));
        continue;
      }
      const whole = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
      const consumed = this.#header(whole);
      if (consumed === null) {
        this.#pending = new Uint8Array(whole);
        return;
      }
      this.#pending = new Uint8Array(0);
      bytes = whole.subarray(consumed);
    }
  }

  #fill(frame: IncomingFrame, bytes: Uint8Array): number {
    const count = Math.min(frame.length - frame.filled, bytes.length);
    frame.buffer?.set(count === bytes.length ? bytes : bytes.subarray(0, count), frame.filled);
    frame.filled += count;
    if (frame.filled === frame.length) {
      this.#frame = null;
      if (frame.buffer !== null) this.#options.onFrame(frame.pts * this.#unitMs, frame.buffer);
    }
    return count;
  }

  /** Reads one header; returns the bytes it took, null when it isn't whole yet. */
  #header(bytes: Uint8Array): number | null {
    const cursor = new Cursor(bytes);
    try {
      if (!this.#isBegun) {
        if (bytes.length < fileId.length) return null;
        if (!fileId.equals(bytes.subarray(0, fileId.length))) throw new RangeError('Not a NUT stream');
        this.#isBegun = true;
        return fileId.length;
      }
      if (bytes[0] === firstByteOfHeaders) this.#packet(cursor);
      else this.#frameHeader(cursor);
      return cursor.at;
    } catch (error) {
      if (error instanceof NeedMore) return null;
      throw error;
    }
  }

  #packet(cursor: Cursor): void {
    const code = cursor.u64();
    const forward = cursor.v();
    if (forward > 4096) cursor.at += 4;
    const end = cursor.at + forward;
    if (end > cursor.bytes.length) throw new NeedMore();
    if (code === startCodes.main) this.#mainHeader(cursor);
    else if (code === startCodes.stream) this.#msbPtsShift = ptsShift(cursor);
    // One stream, hence one time base: the value is a timestamp of ours.
    else if (code === startCodes.syncpoint) this.#lastPts = cursor.v();
    cursor.at = end;
  }

  #mainHeader(cursor: Cursor): void {
    const version = cursor.v();
    if (version > 3) cursor.v();
    cursor.v();
    cursor.v();
    // One stream has one time base.
    const timeBases = cursor.v();
    for (let index = 0; index < timeBases; index += 1) this.#unitMs = (cursor.v() * 1_000) / cursor.v();
    this.#codes = frameCodes(cursor);
  }

  #frameHeader(cursor: Cursor): void {
    const code = this.#codes[cursor.byte()];
    if (code === undefined || (code.flags & flag.invalid) !== 0) throw new RangeError('Not a NUT frame');
    let flags = code.flags;
    if ((flags & flag.coded) !== 0) flags ^= cursor.v();
    if ((flags & flag.streamId) !== 0) cursor.v();
    const pts = (flags & flag.codedPts) !== 0 ? this.#fullPts(cursor.v()) : this.#lastPts + code.ptsDelta;
    const length = code.sizeLsb + ((flags & flag.sizeMsb) !== 0 ? cursor.v() * code.sizeMul : 0);
    if ((flags & flag.matchTime) !== 0) cursor.s();
    if ((flags & flag.headerIndex) !== 0) cursor.v();
    const reserved = (flags & flag.reserved) !== 0 ? cursor.v() : 0;
    for (let index = 0; index < reserved; index += 1) cursor.v();
    if ((flags & flag.checksum) !== 0) cursor.at += 4;
    if (cursor.at > cursor.bytes.length) throw new NeedMore();
    if ((flags & flag.sideData) !== 0 || cursor.at > longestFrameHeader)
      throw new RangeError('Not a raw frame');
    this.#lastPts = pts;
    if (length > 0) this.#frame = { pts, length, filled: 0, buffer: this.#options.lend(length) };
  }

  /** The whole timestamp of one that was shortened to its low bits. */
  #fullPts(coded: number): number {
    const range = 2 ** this.#msbPtsShift;
    if (coded >= range) return coded - range;
    const base = this.#lastPts - Math.floor((range - 1) / 2);
    return base + ((((coded - base) % range) + range) % range);
  }
}

function ptsShift(cursor: Cursor): number {
  cursor.v();
  cursor.v();
  const fourCcBytes = cursor.v();
  cursor.at += fourCcBytes;
  cursor.v();
  return cursor.v();
}

/** The main header's table: what each first byte of a frame stands for. */
function frameCodes(cursor: Cursor): FrameCode[] {
  const codes: FrameCode[] = [];
  let [ptsDelta, sizeMul] = [0, 1];
  while (codes.length < 256) {
    const flags = cursor.v();
    const fields = cursor.v();
    if (fields > 0) ptsDelta = cursor.s();
    if (fields > 1) sizeMul = cursor.v();
    if (fields > 2) cursor.v();
    const sizeLsb = fields > 3 ? cursor.v() : 0;
    if (fields > 4) cursor.v();
    const count = fields > 5 ? cursor.v() : sizeMul - sizeLsb;
    if (fields > 6) cursor.s();
    if (fields > 7) cursor.v();
    for (let index = 8; index < fields; index += 1) cursor.v();
    for (let index = 0; index < count && codes.length < 256; index += 1) {
      const isHeader = codes.length === firstByteOfHeaders;
      if (isHeader) codes.push({ flags: flag.invalid, ptsDelta: 0, sizeMul: 1, sizeLsb: 0 });
      codes.push({ flags, ptsDelta, sizeMul, sizeLsb: sizeLsb + index });
    }
  }
  return codes;
}
