import { Buffer } from 'node:buffer';

export const rtpHeaderBytes = 12;

export interface RtpHeader {
  readonly payloadType: number;
  readonly marker: boolean;
  /** Modulo 2^16. */
  readonly sequence: number;
  /** Modulo 2^32. */
  readonly timestamp: number;
  readonly ssrc: number;
}

/** An element of a header extension (RFC 8285 4.2), of one byte. */
export interface HeaderExtension {
  /** 1 to 14, as the stream's RTP parameters name it. */
  readonly id: number;
  readonly value: number;
}

/** The profile of one-byte headers. */
const oneByteHeaders = 0xbede;
/** One word for the profile and the length, one for an element of one byte with its padding. */
const extensionBytes = 8;

/** RFC 3550 5.1: version 2, no padding, no contributing sources; with one extension at most. */
export function rtpPacket(header: RtpHeader, payload: Uint8Array, extension?: HeaderExtension): Buffer {
  const headerBytes = rtpHeaderBytes + (extension === undefined ? 0 : extensionBytes);
  const packet = Buffer.allocUnsafe(headerBytes + payload.length);
  packet[0] = extension === undefined ? 0x80 : 0x90;
  packet[1] = (header.marker ? 0x80 : 0) | header.payloadType;
  packet.writeUInt16BE(header.sequence & 0xffff, 2);
  packet.writeUInt32BE(header.timestamp >>> 0, 4);
  packet.writeUInt32BE(header.ssrc >>> 0, 8);
  if (extension !== undefined) writeExtension(packet, extension);
  packet.set(payload, headerBytes);
  return packet;
}

function writeExtension(packet: Buffer, { id, value }: HeaderExtension): void {
  packet.writeUInt16BE(oneByteHeaders, rtpHeaderBytes);
  packet.writeUInt16BE(1, rtpHeaderBytes + 2);
  // The length is that of the value, less one; two bytes of padding follow.
  packet.writeUInt32BE(((id << 28) | (value << 16)) >>> 0, rtpHeaderBytes + 4);
}

/** Turns media time into RTP timestamps of one stream; the random offset is that of RFC 3550 5.1. */
export class RtpClock {
  readonly rateHz: number;
  readonly #offset: number;

  constructor(rateHz: number, offset: number) {
    this.rateHz = rateHz;
    this.#offset = offset;
  }

  /** Modulo 2^32; `timeMs` may have fractions. */
  timestamp(timeMs: number): number {
    const ticks = this.#offset + Math.round((timeMs * this.rateHz) / 1_000);
    return ((ticks % 2 ** 32) + 2 ** 32) % 2 ** 32;
  }
}
