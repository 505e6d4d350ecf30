import { BitReader } from './bits.ts';

export interface Av1Sequence {
  /** Pixels of the largest frame. */
  readonly width: number;
  readonly height: number;
}

const sequenceHeader = 1;

/** The body of the first sequence header among OBUs that tell their sizes (AV1 specification, 5.3); null when there is none. */
export function findAv1SequenceHeader(obus: Uint8Array): Uint8Array | null {
  for (let at = 0; at < obus.length;) {
    const head = obus[at] ?? 0;
    const start = at + ((head & 4) === 0 ? 1 : 2);
    const size = (head & 2) === 0 ? { value: obus.length - start, end: start } : readLeb128(obus, start);
    const body = obus.subarray(size.end, size.end + size.value);
    if (((head >> 3) & 15) === sequenceHeader) return body;
    at = size.end + size.value;
  }
  return null;
}

/** sequence_header_obu() up to the size (5.5.1). Throws RangeError when it is cut. */
export function parseAv1Sequence(header: Uint8Array): Av1Sequence {
  const reader = new BitReader(header);
  reader.bits(4);
  if (reader.flag()) reader.bits(5);
  else skipOperatingPoints(reader);
  const widthBits = reader.bits(4) + 1;
  const heightBits = reader.bits(4) + 1;
  return { width: reader.bits(widthBits) + 1, height: reader.bits(heightBits) + 1 };
}

function skipOperatingPoints(reader: BitReader): void {
  const delayBits = reader.flag() ? readTiming(reader) : null;
  const hasDisplayDelay = reader.flag();
  for (let points = reader.bits(5) + 1; points > 0; points -= 1) {
    reader.bits(12);
    if (reader.bits(5) > 7) reader.bit();
    if (delayBits !== null && reader.flag()) {
      reader.bits(delayBits);
      reader.bits(delayBits);
      reader.bit();
    }
    if (hasDisplayDelay && reader.flag()) reader.bits(4);
  }
}

/** timing_info() and decoder_model_info(); gives the bits of each operating point's delays, null without a model. */
function readTiming(reader: BitReader): number | null {
  reader.bits(32);
  reader.bits(32);
  // An Exp-Golomb code, as those of H.264.
  if (reader.flag()) reader.ue();
  if (!reader.flag()) return null;
  const delayBits = reader.bits(5) + 1;
  reader.bits(32);
  reader.bits(10);
  return delayBits;
}

/** Variable-length number (4.10.5); one that is cut counts as the end of the bytes. */
export function readLeb128(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = bytes[start + index] ?? 0;
    value += (byte & 127) * 2 ** (7 * index);
    if ((byte & 128) === 0) return { value, end: start + index + 1 };
  }
  return { value: 0, end: bytes.length };
}
