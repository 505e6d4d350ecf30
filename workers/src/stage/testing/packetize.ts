import { packetizeH264 } from '../../forward/rtp/packetizeH264.ts';
import type { Clip, ClipFrame } from './clip.ts';

/** For tests: pictures of clips as payloads of RTP, as senders cut them. */

export interface Payload {
  readonly payload: Uint8Array;
  /** The last one of a picture. */
  readonly marker: boolean;
}

const mostBytes = 1_100;
const obuTypes = { sequenceHeader: 1, temporalDelimiter: 2 };

export function payloadsOf({ codec, parameterSets }: Clip, { units }: ClipFrame): Payload[] {
  const frame = units[0] ?? new Uint8Array(0);
  if (codec === 'h264') return packetizeH264(units, parameterSets, mostBytes);
  if (codec === 'vp8') return pieces(frame).map((piece) => payload(piece, piece.isFirst ? 0x10 : 0));
  return codec === 'vp9' ? vp9Payloads(frame) : av1Payloads(frame);
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

function pieces(bytes: Uint8Array): Piece[] {
  const count = Math.ceil(bytes.length / mostBytes);
  return Array.from({ length: count }, (_, at) => ({
    bytes: bytes.subarray(at * mostBytes, (at + 1) * mostBytes),
    isFirst: at === 0,
    isLast: at === count - 1,
  }));
}

const payload = ({ bytes, isLast }: Piece, descriptor: number, marker = isLast): Payload => ({
  payload: Buffer.concat([Buffer.of(descriptor), bytes]),
  marker,
});

/** RFC 9628 4.2, without picture ids and layers: P unless it is a key frame, B in the first packet, E in the last one. */
function vp9Payloads(frame: Uint8Array): Payload[] {
  // Of profile 0 (bitstream specification, 6.2): neither shows another frame nor needs one.
  const isKey = ((frame[0] ?? 0) & 0x0c) === 0;
  return pieces(frame).map((piece) =>
    payload(piece, (isKey ? 0 : 0x40) | (piece.isFirst ? 0x08 : 0) | (piece.isLast ? 0x04 : 0)),
  );
}

/** RTP payload format for AV1, 4.3 and 4.4: OBUs without their sizes, one or a piece of one in each packet. */
function av1Payloads(unit: Uint8Array): Payload[] {
  const obus = obusOf(unit).filter(({ type }) => type !== obuTypes.temporalDelimiter);
  const isKey = obus.some(({ type }) => type === obuTypes.sequenceHeader);
  return obus.flatMap(({ bytes }, at) =>
    pieces(bytes).map((piece) => {
      const [continues, goesOn] = [piece.isFirst ? 0 : 0x80, piece.isLast ? 0 : 0x40];
      const isNew = isKey && at === 0 && piece.isFirst ? 0x08 : 0;
      return payload(piece, continues | goesOn | 0x10 | isNew, piece.isLast && at === obus.length - 1);
    }),
  );
}

/** OBUs of a temporal unit (AV1 5.3), each of which has a size; it is left out of what is returned. */
function obusOf(unit: Uint8Array): { type: number; bytes: Uint8Array }[] {
  const obus: { type: number; bytes: Uint8Array }[] = [];
  for (let at = 0; at < unit.length;) {
    const head = unit[at] ?? 0;
    const headLength = (head & 4) !== 0 ? 2 : 1;
    let [size, shift, bodyAt] = [0, 0, at + headLength];
    for (let byte = 0x80; (byte & 0x80) !== 0; bodyAt += 1, shift += 7) {
      byte = unit[bodyAt] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
    }
    const extension = unit.subarray(at + 1, at + headLength);
    const body = unit.subarray(bodyAt, bodyAt + size);
    obus.push({ type: (head >> 3) & 15, bytes: Buffer.concat([Buffer.of(head & ~2), extension, body]) });
    at = bodyAt + size;
  }
  return obus;
}
