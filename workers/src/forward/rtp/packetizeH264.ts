import { Buffer } from 'node:buffer';
import { nalType, typeOfNal } from '../../source/nalUnits.ts';

/** What a packet carries; the last one of an access unit has the marker. */
export interface H264Payload {
  readonly payload: Uint8Array;
  readonly marker: boolean;
}

/** Types of RFC 6184 5.2. */
const stapA = 24;
const fuA = 28;
/** Nothing a receiver needs: packets tell access units apart, and filler only fills. */
const dropped: ReadonlySet<number> = new Set([nalType.delimiter, nalType.filler]);

/**
 * The RTP payloads of one access unit in packetization-mode 1 (RFC 6184 6.3), in sending order. Before a key frame stand
 * its parameter sets in one STAP-A: those of the access unit itself, else `parameterSets`. None when nothing of the access
 * unit is worth sending. @param maxPayloadBytes at least 100
 */
export function packetizeH264(
  units: readonly Uint8Array[],
  parameterSets: readonly Uint8Array[],
  maxPayloadBytes: number,
): H264Payload[] {
  const kept = units.filter((nal) => !dropped.has(typeOfNal(nal)));
  const isSet = (nal: Uint8Array): boolean =>
    typeOfNal(nal) === nalType.sps || typeOfNal(nal) === nalType.pps;
  const own = kept.filter(isSet);
  const others = kept.filter((nal) => !isSet(nal));
  const isKey = others.some((nal) => typeOfNal(nal) === nalType.idr);
  const hasOwnSets = own.some((nal) => typeOfNal(nal) === nalType.sps);
  const sets = isKey && !hasOwnSets ? [...parameterSets, ...own] : own;
  const payloads = [
    ...aggregated(sets, maxPayloadBytes),
    ...others.flatMap((nal) => fragmented(nal, maxPayloadBytes)),
  ];
  return payloads.map((payload, index) => ({ payload, marker: index === payloads.length - 1 }));
}

/** STAP-A (RFC 6184 5.7.1), or single NAL units when there is but one or they don't fit together. */
function aggregated(units: readonly Uint8Array[], maxPayloadBytes: number): Uint8Array[] {
  const bytes = 1 + units.reduce((sum, nal) => sum + 2 + nal.length, 0);
  if (units.length < 2 || bytes > maxPayloadBytes)
    return units.flatMap((nal) => fragmented(nal, maxPayloadBytes));
  const importance = Math.max(...units.map((nal) => (nal[0] ?? 0) & 0x60));
  const payload = Buffer.allocUnsafe(bytes);
  payload[0] = importance | stapA;
  let at = 1;
  for (const nal of units) {
    payload.writeUInt16BE(nal.length, at);
    payload.set(nal, at + 2);
    at += 2 + nal.length;
  }
  return [payload];
}

/** The NAL unit as it is, or in FU-A fragments of about the same size (RFC 6184 5.8). */
function fragmented(nal: Uint8Array, maxPayloadBytes: number): Uint8Array[] {
  if (nal.length <= maxPayloadBytes) return [nal];
  const header = nal[0] ?? 0;
  const body = nal.subarray(1);
  const count = Math.ceil(body.length / (maxPayloadBytes - 2));
  const size = Math.ceil(body.length / count);
  return Array.from({ length: count }, (_, index) => {
    const piece = body.subarray(index * size, (index + 1) * size);
    const edge = index === 0 ? 0x80 : index === count - 1 ? 0x40 : 0;
    const payload = Buffer.allocUnsafe(2 + piece.length);
    payload[0] = (header & 0xe0) | fuA;
    payload[1] = edge | (header & 31);
    payload.set(piece, 2);
    return payload;
  });
}
