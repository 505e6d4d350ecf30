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

/** Whether an access unit in length-prefixed form holds an IDR picture, where any player can begin. */
export function holdsIdr(data: Uint8Array, lengthSize: number): boolean {
  let at = 0;
  while (at + lengthSize < data.length) {
    let length = 0;
    for (let index = 0; index < lengthSize; index += 1) length = length * 256 + (data[at + index] ?? 0);
    if (((data[at + lengthSize] ?? 0) & 31) === idrSlice) return true;
    at += lengthSize + length;
  }
  return false;
}
