import { readBoxes, requireBox, type Box } from './boxes.ts';
import { FragmentError } from './FragmentError.ts';
import type { SampleDefaults, TrackInit } from './initSegment.ts';

/** A sample as its movie fragment describes it; times in ticks of the track. */
export interface SampleDescription {
  readonly dts: number;
  /** Presentation time minus decode time; may be negative. */
  readonly cts: number;
  readonly duration: number;
  readonly isKey: boolean;
  readonly size: number;
  /** Where its bytes begin, counted from the first byte of the moof box. */
  readonly offset: number;
}

/** Bits of tfhd and trun (ISO/IEC 14496-12 §8.8.7, §8.8.8). */
const TFHD = { baseDataOffset: 0x1, description: 0x2, duration: 0x8, size: 0x10, flags: 0x20 } as const;
const TRUN = {
  dataOffset: 0x1,
  firstFlags: 0x4,
  duration: 0x100,
  size: 0x200,
  flags: 0x400,
  cts: 0x800,
} as const;
const NON_SYNC_SAMPLE = 0x10000;
/** More samples than any real fragment has; a guard against a forged count. */
const MAX_SAMPLES = 100_000;

/**
 * Lists the samples of the track in a moof box (payload, without header), in file order. Data offsets count from
 * the moof box, as with default-base-is-moof. @throws FragmentError
 */
export function readMovieFragment(moof: Buffer, init: TrackInit): SampleDescription[] {
  const samples: SampleDescription[] = [];
  for (const traf of readBoxes(moof)) {
    if (traf.type !== 'traf') continue;
    const boxes = readBoxes(traf.payload);
    const tfhd = requireBox(boxes, 'tfhd').payload;
    if (tfhd.readUInt32BE(4) !== init.trackId) continue;
    readRuns(boxes, readFragmentDefaults(tfhd, init), moof.length + 16, samples);
  }
  return samples;
}

function readFragmentDefaults(tfhd: Buffer, init: TrackInit): SampleDefaults {
  const flags = tfhd.readUInt32BE(0) & 0xffffff;
  if (flags & TFHD.baseDataOffset) {
    throw new FragmentError('unsupported', 'Data offsets from the start of the file are not supported.');
  }
  let offset = 8 + (flags & TFHD.description ? 4 : 0);
  const next = (bit: number, fallback: number): number => {
    if (!(flags & bit)) return fallback;
    offset += 4;
    return tfhd.readUInt32BE(offset - 4);
  };
  const duration = next(TFHD.duration, init.defaults.duration);
  const size = next(TFHD.size, init.defaults.size);
  return { duration, size, flags: next(TFHD.flags, init.defaults.flags) };
}

function readRuns(
  boxes: readonly Box[],
  defaults: SampleDefaults,
  dataStart: number,
  into: SampleDescription[],
): void {
  let dts = readDecodeTime(requireBox(boxes, 'tfdt').payload);
  let offset = dataStart;
  for (const { type, payload } of boxes) {
    if (type !== 'trun') continue;
    const run = readRun(payload, defaults, dts, offset);
    into.push(...run);
    const last = run.at(-1);
    if (last === undefined) continue;
    dts = last.dts + last.duration;
    offset = last.offset + last.size;
  }
}

function readDecodeTime(tfdt: Buffer): number {
  const time = tfdt.readUInt8(0) === 1 ? Number(tfdt.readBigUInt64BE(4)) : tfdt.readUInt32BE(4);
  if (!Number.isSafeInteger(time)) throw new FragmentError('malformed', 'A decode time is out of range.');
  return time;
}

function readRun(
  trun: Buffer,
  defaults: SampleDefaults,
  firstDts: number,
  firstOffset: number,
): SampleDescription[] {
  const version = trun.readUInt8(0);
  const runFlags = trun.readUInt32BE(0) & 0xffffff;
  const count = trun.readUInt32BE(4);
  if (count > MAX_SAMPLES) throw new FragmentError('tooLarge', `${count} samples in one run.`);
  let position = 8;
  const word = (bit: number, fallback: number): number => {
    if (!(runFlags & bit)) return fallback;
    position += 4;
    return trun.readUInt32BE(position - 4);
  };
  let offset = runFlags & TRUN.dataOffset ? word(TRUN.dataOffset, 0) | 0 : firstOffset;
  const firstFlags = word(TRUN.firstFlags, defaults.flags);
  const samples: SampleDescription[] = [];
  let dts = firstDts;
  for (let index = 0; index < count; index += 1) {
    const duration = word(TRUN.duration, defaults.duration);
    const size = word(TRUN.size, defaults.size);
    const flags = word(TRUN.flags, index === 0 ? firstFlags : defaults.flags);
    const cts = word(TRUN.cts, 0);
    const isKey = (flags & NON_SYNC_SAMPLE) === 0;
    samples.push({ dts, cts: version === 0 ? cts : cts | 0, duration, isKey, size, offset });
    dts += duration;
    offset += size;
  }
  return samples;
}
