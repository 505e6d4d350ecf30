import { parseSps, vp8DescriptorLength } from '@maydan/common';
import { av1KeyFrame } from './av1KeyFrame.ts';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A packet with which a key frame begins; null sizes are those that this packet doesn't tell. */
export interface KeyFrame {
  readonly size: PictureSize | null;
}

type Read = (payload: Uint8Array) => KeyFrame | null;
const readers: Readonly<Record<string, Read>> = {
  'video/vp8': vp8KeyFrame,
  'video/vp9': vp9KeyFrame,
  'video/h264': h264KeyFrame,
  'video/av1': av1KeyFrame,
};

/** What an RTP payload says of a key frame, by the codec's MIME type; null for all other packets and unknown codecs. */
export function keyFrameOf(codec: string, payload: Uint8Array): KeyFrame | null {
  return readers[codec.toLowerCase()]?.(payload) ?? null;
}

const nal = { idr: 5, sequenceParameters: 7, stapA: 24, fuA: 28 };

/** RFC 6184: the parameters, or the first slice of a picture that needs no other. */
function h264KeyFrame(payload: Uint8Array): KeyFrame | null {
  const type = (payload[0] ?? 0) & 31;
  if (type === nal.stapA) return ofUnits(aggregated(payload));
  if (type !== nal.fuA) return ofUnits([payload]);
  const fragment = payload[1] ?? 0;
  return (fragment & 0x80) !== 0 && (fragment & 31) === nal.idr ? { size: null } : null;
}

function ofUnits(units: readonly Uint8Array[]): KeyFrame | null {
  const typeOf = (unit: Uint8Array): number => (unit[0] ?? 0) & 31;
  const parameters = units.find((unit) => typeOf(unit) === nal.sequenceParameters);
  if (parameters !== undefined) return { size: h264Size(parameters) };
  return units.some((unit) => typeOf(unit) === nal.idr) ? { size: null } : null;
}

function h264Size(parameters: Uint8Array): PictureSize | null {
  try {
    const { width, height } = parseSps(parameters);
    return { width, height };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function aggregated(payload: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (let at = 1; at + 2 < payload.length;) {
    const length = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
    units.push(payload.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return units;
}

/** RFC 7741 4.2 and 4.3, RFC 6386 9.1: the frame header follows the descriptor where the first partition begins. */
function vp8KeyFrame(payload: Uint8Array): KeyFrame | null {
  const first = payload[0] ?? 0;
  if ((first & 0x17) !== 0x10) return null;
  const frame = payload.subarray(vp8DescriptorLength(payload));
  if (frame.length < 10 || ((frame[0] ?? 1) & 1) !== 0) return null;
  const dimension = (at: number): number => (((frame[at + 1] ?? 0) << 8) | (frame[at] ?? 0)) & 0x3fff;
  return { size: { width: dimension(6), height: dimension(8) } };
}

/** RFC 9628 4.2: no earlier picture is needed (P 0) where a frame of the lowest layer begins (B); the sizes may follow. */
function vp9KeyFrame(payload: Uint8Array): KeyFrame | null {
  const first = payload[0] ?? 0;
  if ((first & 0x48) !== 0x08) return null;
  let at = 1;
  if ((first & 0x80) !== 0) at += ((payload[at] ?? 0) & 0x80) !== 0 ? 2 : 1;
  if ((first & 0x20) !== 0) {
    const spatialLayer = ((payload[at] ?? 0) >> 1) & 7;
    if (spatialLayer !== 0) return null;
    at += (first & 0x10) !== 0 ? 1 : 2;
  }
  return { size: (first & 0x02) !== 0 ? vp9Size(payload, at) : null };
}

/** Of the highest layer in the scalability structure (4.2.1). */
function vp9Size(payload: Uint8Array, start: number): PictureSize | null {
  const head = payload[start] ?? 0;
  if ((head & 0x10) === 0) return null;
  const at = start + 1 + 4 * (head >> 5);
  if (at + 4 > payload.length) return null;
  const dimension = (from: number): number => ((payload[from] ?? 0) << 8) | (payload[from + 1] ?? 0);
  return { width: dimension(at), height: dimension(at + 2) };
}
