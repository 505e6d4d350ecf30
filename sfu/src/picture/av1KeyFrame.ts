import { parseAv1Sequence, readLeb128 } from '@maydan/common';
import type { KeyFrame, PictureSize } from './keyFrame.ts';

const sequenceHeader = 1;

/** RTP payload format for AV1, 4.4: bit N marks the first packet of a coded video sequence, which has its header. */
export function av1KeyFrame(payload: Uint8Array): KeyFrame | null {
  const head = payload[0] ?? 0;
  if ((head & 0x88) !== 0x08) return null;
  const obu = firstSequenceHeader(payload, (head >> 4) & 3);
  return { size: obu === null ? null : sizeOf(obu) };
}

/** The body of the sequence header among the OBU elements; null when there is none or it is cut. */
function firstSequenceHeader(payload: Uint8Array, count: number): Uint8Array | null {
  for (let at = 1, element = 1; at < payload.length; element += 1) {
    // With a count (W) the last element has no length of its own.
    const own = element === count ? { value: payload.length - at, end: at } : readLeb128(payload, at);
    const obu = payload.subarray(own.end, own.end + own.value);
    const type = ((obu[0] ?? 0) >> 3) & 15;
    if (type === sequenceHeader) return bodyOf(obu);
    at = own.end + Math.max(1, own.value);
  }
  return null;
}

/** Without the OBU's header, its extension and its size, where it has them (AV1 specification, 5.3). */
function bodyOf(obu: Uint8Array): Uint8Array {
  const head = obu[0] ?? 0;
  const start = (head & 4) !== 0 ? 2 : 1;
  return obu.subarray((head & 2) === 0 ? start : readLeb128(obu, start).end);
}

function sizeOf(header: Uint8Array): PictureSize | null {
  try {
    return parseAv1Sequence(header);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
