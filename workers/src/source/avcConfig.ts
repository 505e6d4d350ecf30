import { nalType, splitNalUnits, typeOfNal } from './nalUnits.ts';
import { parseSps, type Sps } from '@maydan/common';

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1). */
export interface AvcConfig {
  readonly codec: 'h264';
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
  return { codec: 'h264', record, lengthSize, sps: parseSps(record.subarray(8, 8 + length)) };
}

/** Whether an access unit holds an IDR picture, where any player can begin. */
export function holdsIdr(data: Uint8Array, lengthSize: number): boolean {
  return splitNalUnits(data, lengthSize).some((nal) => typeOfNal(nal) === nalType.idr);
}

/**
 * Some encoders tell a new size only by parameter sets within the stream. The configuration those make, when the
 * picture they describe is another one than `config` does; null otherwise.
 */
export function changedInBand(data: Uint8Array, config: AvcConfig): AvcConfig | null {
  const units = splitNalUnits(data, config.lengthSize);
  const sps = units.find((nal) => typeOfNal(nal) === nalType.sps);
  const pps = units.find((nal) => typeOfNal(nal) === nalType.pps);
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

/** The configuration record of one pair of parameter sets. */
export function buildRecord(sps: Uint8Array, pps: Uint8Array, lengthSize: number): Uint8Array {
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

/** The parameter sets of a configuration, as NAL units; those that are cut are left out. */
export function parameterSetsOf({ record }: AvcConfig): Uint8Array[] {
  const units: Uint8Array[] = [];
  let at = 5;
  for (const mask of [31, 255]) {
    const count = (record[at] ?? 0) & mask;
    at += 1;
    for (let index = 0; index < count; index += 1) {
      const length = ((record[at] ?? 0) << 8) | (record[at + 1] ?? 0);
      at += 2 + length;
      if (length > 0 && at <= record.length) units.push(record.subarray(at - length, at));
    }
  }
  return units;
}
