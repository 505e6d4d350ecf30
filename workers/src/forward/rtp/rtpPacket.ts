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

/** RFC 3550 5.1: version 2, no padding, no extension, no contributing sources. */
export function rtpPacket(header: RtpHeader, payload: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(rtpHeaderBytes + payload.length);
  packet[0] = 0x80;
  packet[1] = (header.marker ? 0x80 : 0) | header.payloadType;
  packet.writeUInt16BE(header.sequence & 0xffff, 2);
  packet.writeUInt32BE(header.timestamp >>> 0, 4);
  packet.writeUInt32BE(header.ssrc >>> 0, 8);
  packet.set(payload, rtpHeaderBytes);
  return packet;
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
