import { BitReader } from './bits.ts';
import {
  credibleRate,
  readPixelAspect,
  skipSignalType,
  withoutEmulationPrevention,
  type Sps,
} from './sps.ts';

const spsType = 33;

/**
 * A sequence parameter set of HEVC (ITU-T H.265, clause 7.3.2.2). `nal` is the whole NAL unit, its header of two bytes
 * included. Throws RangeError when it is cut or senseless.
 */
export function parseHevcSps(nal: Uint8Array): Sps {
  if ((((nal[0] ?? 0) >> 1) & 63) !== spsType)
    throw new RangeError('The NAL unit is not a sequence parameter set of HEVC');
  const reader = new BitReader(withoutEmulationPrevention(nal.subarray(2)));
  reader.bits(4);
  const subLayers = reader.bits(3);
  reader.bit();
  const { profile, level, mayBeInterlaced } = readProfile(reader, subLayers);
  reader.ue();
  const picture = readPicture(reader);
  const orderBits = reader.ue() + 4;
  const reorderFrames = readReorder(reader, subLayers);
  const vui = readVui(reader, orderBits);
  return { profile, level, ...picture, mayBeInterlaced, reorderFrames, ...vui };
}

/** profile_tier_level(). */
function readProfile(
  reader: BitReader,
  subLayers: number,
): Pick<Sps, 'profile' | 'level' | 'mayBeInterlaced'> {
  reader.bits(3);
  const profile = reader.bits(5);
  reader.bits(32);
  const progressive = reader.flag();
  const interlaced = reader.flag();
  skip(reader, 46);
  // Thirty times the level's name.
  const level = Math.round(reader.bits(8) / 3);
  const present = Array.from({ length: subLayers }, () => [reader.flag(), reader.flag()] as const);
  if (subLayers > 0) skip(reader, 2 * (8 - subLayers));
  for (const [hasProfile, hasLevel] of present) skip(reader, (hasProfile ? 88 : 0) + (hasLevel ? 8 : 0));
  return { profile, level, mayBeInterlaced: interlaced && !progressive };
}

function readPicture(reader: BitReader): Pick<Sps, 'chromaFormat' | 'width' | 'height' | 'bitDepth'> {
  const chromaFormat = reader.ue();
  if (chromaFormat === 3) reader.bit();
  const [codedWidth, codedHeight] = [reader.ue(), reader.ue()];
  const [left, right, top, bottom] = reader.flag()
    ? ([reader.ue(), reader.ue(), reader.ue(), reader.ue()] as const)
    : ([0, 0, 0, 0] as const);
  const bitDepth = 8 + Math.max(reader.ue(), reader.ue());
  // Cropping is counted in samples of chroma (Table 6-1).
  const width = codedWidth - (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1) * (left + right);
  const height = codedHeight - (chromaFormat === 1 ? 2 : 1) * (top + bottom);
  if (width < 1 || height < 1 || width > 16384 || height > 16384 || chromaFormat > 3) {
    throw new RangeError(`The sequence parameter set says ${width}x${height}`);
  }
  return { chromaFormat, width, height, bitDepth };
}

/** Of the highest sub-layer, which comes last. */
function readReorder(reader: BitReader, subLayers: number): number {
  const isEach = reader.flag();
  let reorderFrames = 0;
  for (let layer = isEach ? 0 : subLayers; layer <= subLayers; layer += 1) {
    reader.ue();
    reorderFrames = reader.ue();
    reader.ue();
  }
  return reorderFrames;
}

type Vui = Pick<Sps, 'pixelAspect' | 'frameRate'>;

/** What stands before the VUI has to be read to find it. One that ends early counts as unspecified from there on. */
function readVui(reader: BitReader, orderBits: number): Vui {
  const vui: { -readonly [key in keyof Vui]: Vui[key] } = { pixelAspect: 1, frameRate: null };
  try {
    skipCodingTools(reader);
    skipReferenceSets(reader, orderBits);
    reader.bits(2);
    if (!reader.flag()) return vui;
    vui.pixelAspect = readPixelAspect(reader);
    skipSignalType(reader);
    reader.bits(3);
    if (reader.flag()) for (let edge = 0; edge < 4; edge += 1) reader.ue();
    vui.frameRate = readTiming(reader);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return vui;
}

/** Block sizes, scaling lists, PCM. */
function skipCodingTools(reader: BitReader): void {
  for (let size = 0; size < 6; size += 1) reader.ue();
  if (reader.flag() && reader.flag()) skipScalingLists(reader);
  reader.bits(2);
  if (!reader.flag()) return;
  reader.bits(8);
  reader.ue();
  reader.ue();
  reader.bit();
}

/** scaling_list_data(). */
function skipScalingLists(reader: BitReader): void {
  for (let size = 0; size < 4; size += 1) {
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.ue();
        continue;
      }
      if (size > 1) reader.se();
      for (let index = Math.min(64, 16 << (2 * size)); index > 0; index -= 1) reader.se();
    }
  }
}

const mostShortTermSets = 64;
const mostLongTermPictures = 32;

function skipReferenceSets(reader: BitReader, orderBits: number): void {
  const sets = bounded(reader.ue(), mostShortTermSets);
  let before = 0;
  for (let set = 0; set < sets; set += 1) before = skipShortTermSet(reader, set, before);
  if (!reader.flag()) return;
  const pictures = bounded(reader.ue(), mostLongTermPictures);
  skip(reader, pictures * (orderBits + 1));
}

/** st_ref_pic_set(); `before`: how many pictures the set before refers to. Gives how many this one does. */
function skipShortTermSet(reader: BitReader, set: number, before: number): number {
  if (set > 0 && reader.flag()) {
    reader.bit();
    reader.ue();
    let count = 0;
    for (let picture = 0; picture <= before; picture += 1) {
      const isUsed = reader.flag();
      if (isUsed || reader.flag()) count += 1;
    }
    return count;
  }
  const count = bounded(reader.ue() + reader.ue(), mostShortTermSets);
  for (let picture = 0; picture < count; picture += 1) {
    reader.ue();
    reader.bit();
  }
  return count;
}

/** A tick is a frame, unlike in H.264. */
function readTiming(reader: BitReader): number | null {
  if (!reader.flag()) return null;
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  return credibleRate(timeScale / unitsInTick);
}

function bounded(value: number, most: number): number {
  if (value > most) throw new RangeError(`${value} reference pictures`);
  return value;
}

function skip(reader: BitReader, bits: number): void {
  for (let left = bits; left > 0; left -= 1) reader.bit();
}
