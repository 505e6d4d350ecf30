import { parseHevcSps, type Sps } from '@maydan/common';

/** HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1). */
export interface HevcConfig {
  readonly codec: 'hevc';
  readonly record: Uint8Array;
  /** Bytes of the length before each NAL unit. */
  readonly lengthSize: number;
  readonly sps: Sps;
}

const spsType = 33;
const headBytes = 23;

/** Throws RangeError when the record is cut, has no sequence parameter set, or one that makes no sense. */
export function parseHevcConfig(record: Uint8Array): HevcConfig {
  // Version 0 was written before the standard was done.
  if ((record[0] ?? 2) > 1 || record.length < headBytes)
    throw new RangeError('Not an HEVC configuration record');
  const lengthSize = ((record[21] ?? 0) & 3) + 1;
  return { codec: 'hevc', record, lengthSize, sps: parseHevcSps(findSps(record)) };
}

function findSps(record: Uint8Array): Uint8Array {
  const short = (at: number): number => ((record[at] ?? 0) << 8) | (record[at + 1] ?? 0);
  let at = headBytes;
  for (let arrays = record[headBytes - 1] ?? 0; arrays > 0; arrays -= 1) {
    const type = (record[at] ?? 0) & 63;
    const units = short(at + 1);
    at += 3;
    for (let unit = 0; unit < units && at < record.length; unit += 1) {
      const end = at + 2 + short(at);
      if (type === spsType && end <= record.length) return record.subarray(at + 2, end);
      at = end;
    }
  }
  throw new RangeError('The HEVC configuration has no sequence parameter set');
}
