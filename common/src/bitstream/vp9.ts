import { BitReader } from './bits.ts';

export interface Vp9KeyFrame {
  readonly profile: number;
  readonly bitDepth: number;
  /** 1: 4:2:0, 2: 4:2:2, 3: 4:4:4, as H.264 counts them. */
  readonly chromaFormat: number;
  readonly width: number;
  readonly height: number;
}

const syncCode = 0x498342;
const rgb = 7;

/** uncompressed_header() of a key frame (VP9 bitstream specification, 6.2); null of other frames. Throws RangeError when it is cut. */
export function parseVp9KeyFrame(frame: Uint8Array): Vp9KeyFrame | null {
  const reader = new BitReader(frame);
  if (reader.bits(2) !== 2) return null;
  const profile = reader.bit() + 2 * reader.bit();
  if (profile === 3) reader.bit();
  const isShownAgain = reader.flag();
  const isInter = reader.flag();
  reader.bits(2);
  if (isShownAgain || isInter || reader.bits(24) !== syncCode) return null;
  const bitDepth = profile < 2 ? 8 : reader.flag() ? 12 : 10;
  const chromaFormat = readChroma(reader, profile);
  return { profile, bitDepth, chromaFormat, width: reader.bits(16) + 1, height: reader.bits(16) + 1 };
}

/** color_config() behind the depth. */
function readChroma(reader: BitReader, profile: number): number {
  const isOdd = profile % 2 === 1;
  if (reader.bits(3) === rgb) {
    if (isOdd) reader.bit();
    return 3;
  }
  reader.bit();
  if (!isOdd) return 1;
  const [halfWidth, halfHeight] = [reader.flag(), reader.flag()];
  reader.bit();
  return halfWidth ? (halfHeight ? 1 : 2) : 3;
}
