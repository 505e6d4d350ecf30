import { parseSps, type Sps } from './sps.ts';

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1). */
export interface AvcConfig {
  readonly record: Uint8Array;
  /** Bytes of the length before each NAL unit. */
  readonly lengthSize: number;
  readonly sps: Sps;
}

/** Throws RangeError when the record is cut, has no sequence parameter set, or one that makes no sense. */
export function parseAvcConfig(record: Uint8Array): AvcConfig {
  if (record[0] !== 1 || record.length < 8) throw new RangeError('Not an AVC configuration record');
  const lengthSize = ((record[4] ?? 0) & 3) + 1;
  const count = (record[5] ?? 0) & 31;
  const length = ((record[6] ?? 0) << 8) | (record[7] ?? 0);
  if (count < 1 || record.length < 8 + length)
    throw new RangeError('The AVC configuration has no parameter set');
  return { record, lengthSize, sps: parseSps(record.subarray(8, 8 + length)) };
}

const idrSlice = 5;
const sequenceParameterSet = 7;
const pictureParameterSet = 8;

/** NAL units of an access unit in length-prefixed form; stops at a length that doesn't fit. */
function* nalUnits(data: Uint8Array, lengthSize: number): Generator<Uint8Array> {
  let at = 0;
  while (at + lengthSize < data.length) {
    let length = 0;
    for (let index = 0; index < lengthSize; index += 1) length = length * 256 + (data[at + index] ?? 0);
    at += lengthSize;
    yield data.subarray(at, at + length);
    at += length;
  }
}

const typeOf = (nal: Uint8Array): number => (nal[0] ?? 0) & 31;

/** Whether an access unit holds an IDR picture, where any player can begin. */
export function holdsIdr(data: Uint8Array, lengthSize: number): boolean {
  for (const nal of nalUnits(data, lengthSize)) if (typeOf(nal) === idrSlice) return true;
  return false;
}

/**
 * Some encoders tell a new size only by parameter sets within the stream. The configuration those make, when the
 * picture they describe is another one than `config` does; null otherwise.
 */
export function changedInBand(data: Uint8Array, config: AvcConfig): AvcConfig | null {
  const units = [...nalUnits(data, config.lengthSize)];
  const sps = units.find((nal) => typeOf(nal) === sequenceParameterSet);
  const pps = units.find((nal) => typeOf(nal) === pictureParameterSet);
  if (sps === undefined || pps === undefined || sps.length < 4) return null;
  try {
    const { width, height, profile } = parseSps(sps);
    const known = config.sps;
    if (width === known.width && height === known.height && profile === known.profile) return null;
    return parseAvcConfig(buildRecord(sps, pps, config.lengthSize));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function buildRecord(sps: Uint8Array, pps: Uint8Array, lengthSize: number): Uint8Array {
  const sized = (nal: Uint8Array): number[] => [nal.length >> 8, nal.length & 255, ...nal];
  const profileAndLevel = sps.subarray(1, 4);
  return Uint8Array.from([
    1,
    ...profileAndLevel,
    0xfc | (lengthSize - 1),
    0xe1,
    ...sized(sps),
    1,
    ...sized(pps),
  ]);
}
