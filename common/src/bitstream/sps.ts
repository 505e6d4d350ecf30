import { BitReader } from './bits.ts';

/** A sequence parameter set of H.264 (clause 7.3.2.1.1) or HEVC, as far as it matters for delivery. */
export interface Sps {
  /** profile_idc; each codec counts its own. */
  readonly profile: number;
  /** Ten times the level's name: 31 is level 3.1. */
  readonly level: number;
  /** Pixels after cropping. */
  readonly width: number;
  readonly height: number;
  /** Sample aspect ratio, width by height; 1 when unspecified. */
  readonly pixelAspect: number;
  readonly chromaFormat: number;
  readonly bitDepth: number;
  /** The stream may hold fields or field-coded macroblocks. */
  readonly mayBeInterlaced: boolean;
  /** Frames per second said by the VUI, above 1 and at most 480; null when unspecified or beyond. Often wrong, so compare it with the clock. */
  readonly frameRate: number | null;
  /** Frames that may precede others in decoding and follow in output; null when unspecified. */
  readonly reorderFrames: number | null;
}

const profilesWithChroma = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** `nal` is the whole NAL unit, its header byte included. Throws RangeError when it is cut or senseless. */
export function parseSps(nal: Uint8Array): Sps {
  if (((nal[0] ?? 0) & 31) !== 7) throw new RangeError('The NAL unit is not a sequence parameter set');
  const reader = new BitReader(withoutEmulationPrevention(nal.subarray(1)));
  const profile = reader.bits(8);
  reader.bits(8);
  const level = reader.bits(8);
  reader.ue();
  const chroma = readChroma(reader, profile);
  skipOrderCount(reader);
  reader.ue();
  reader.bit();
  const size = readSize(reader, chroma.chromaFormat);
  const vui = reader.flag() ? readVui(reader) : noVui;
  if (size.width < 1 || size.height < 1 || size.width > 16384 || size.height > 16384) {
    throw new RangeError(`The sequence parameter set says ${size.width}x${size.height}`);
  }
  return { profile, level, ...chroma, ...size, ...vui };
}

/** The payload of a NAL unit, without the bytes that keep start codes out of it. */
export function withoutEmulationPrevention(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, at) => !(byte === 3 && at >= 2 && bytes[at - 1] === 0 && bytes[at - 2] === 0));
}

function readChroma(reader: BitReader, profile: number): { chromaFormat: number; bitDepth: number } {
  if (!profilesWithChroma.has(profile)) return { chromaFormat: 1, bitDepth: 8 };
  const chromaFormat = reader.ue();
  if (chromaFormat === 3) reader.bit();
  const bitDepth = 8 + Math.max(reader.ue(), reader.ue());
  reader.bit();
  if (reader.flag()) skipScalingLists(reader, chromaFormat === 3 ? 12 : 8);
  return { chromaFormat, bitDepth };
}

function skipScalingLists(reader: BitReader, lists: number): void {
  for (let list = 0; list < lists; list += 1) {
    if (!reader.flag()) continue;
    let last = 8;
    let next = 8;
    for (let index = 0; index < (list < 6 ? 16 : 64); index += 1) {
      if (next !== 0) next = (last + reader.se() + 256) % 256;
      if (next !== 0) last = next;
    }
  }
}

function skipOrderCount(reader: BitReader): void {
  reader.ue();
  const type = reader.ue();
  if (type === 0) reader.ue();
  if (type !== 1) return;
  reader.bit();
  reader.se();
  reader.se();
  const cycle = reader.ue();
  for (let index = 0; index < cycle; index += 1) reader.se();
}

function readSize(
  reader: BitReader,
  chromaFormat: number,
): { width: number; height: number; mayBeInterlaced: boolean } {
  const columns = reader.ue() + 1;
  const rows = reader.ue() + 1;
  const framesOnly = reader.flag();
  if (!framesOnly) reader.bit();
  reader.bit();
  const [left, right, top, bottom] = reader.flag()
    ? ([reader.ue(), reader.ue(), reader.ue(), reader.ue()] as const)
    : ([0, 0, 0, 0] as const);
  // Units of cropping follow the chroma sampling (Table 6-1) and double vertically for fields.
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * (framesOnly ? 1 : 2);
  return {
    width: columns * 16 - unitX * (left + right),
    height: rows * 16 * (framesOnly ? 1 : 2) - unitY * (top + bottom),
    mayBeInterlaced: !framesOnly,
  };
}

type Vui = Pick<Sps, 'pixelAspect' | 'frameRate' | 'reorderFrames'>;
const noVui: Vui = { pixelAspect: 1, frameRate: null, reorderFrames: null };

/** Table E-1, width by height of aspect_ratio_idc 1 to 16. */
const pixelAspects = [
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
] as const;

/** Annex E.1.1. A VUI that ends early counts as unspecified from there on: some encoders cut it. */
function readVui(reader: BitReader): Vui {
  const vui: { -readonly [key in keyof Vui]: Vui[key] } = { ...noVui };
  try {
    vui.pixelAspect = readPixelAspect(reader);
    skipSignalType(reader);
    vui.frameRate = readTiming(reader);
    const nalHrd = reader.flag();
    if (nalHrd) skipHrd(reader);
    const vclHrd = reader.flag();
    if (vclHrd) skipHrd(reader);
    if (nalHrd || vclHrd) reader.bit();
    reader.bit();
    vui.reorderFrames = readReorder(reader);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return vui;
}

/** aspect_ratio of a VUI, in H.264 and HEVC alike. */
export function readPixelAspect(reader: BitReader): number {
  if (!reader.flag()) return 1;
  const index = reader.bits(8);
  const [width, height] =
    index === 255 ? [reader.bits(16), reader.bits(16)] : (pixelAspects[index - 1] ?? [1, 1]);
  return width > 0 && height > 0 ? width / height : 1;
}

/** From overscan_info to chroma_loc_info of a VUI, in H.264 and HEVC alike. */
export function skipSignalType(reader: BitReader): void {
  if (reader.flag()) reader.bit();
  if (reader.flag()) {
    reader.bits(4);
    if (reader.flag()) reader.bits(24);
  }
  if (reader.flag()) {
    reader.ue();
    reader.ue();
  }
}

function readTiming(reader: BitReader): number | null {
  if (!reader.flag()) return null;
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  reader.bit();
  // A tick is a field: two of them make a frame.
  return credibleRate(timeScale / (2 * unitsInTick));
}

const mostFrameRate = 480;

/** What a stranger says may be anything; nobody has to reckon with a picture each century, or billions a second. */
export function credibleRate(rate: number): number | null {
  return rate > 1 && rate <= mostFrameRate ? rate : null;
}

function skipHrd(reader: BitReader): void {
  const count = reader.ue() + 1;
  reader.bits(8);
  for (let index = 0; index < count; index += 1) {
    reader.ue();
    reader.ue();
    reader.bit();
  }
  reader.bits(20);
}

function readReorder(reader: BitReader): number | null {
  if (!reader.flag()) return null;
  reader.bit();
  for (let index = 0; index < 4; index += 1) reader.ue();
  return reader.ue();
}
