/** What of an RTP packet matters here; `payload` is a view of the packet. */
export interface RtpPacket {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

export const headerBytes = 12;
const stapA = 24;
const fuA = 28;
const sequenceParameterSet = 7;

/** Null when the bytes are no RTP packet (RFC 3550 5.1) or one without a payload. */
export function readRtp(packet: Buffer): RtpPacket | null {
  if (packet.length < headerBytes || packet.readUInt8(0) >> 6 !== 2) return null;
  const first = packet.readUInt8(0);
  let start = headerBytes + 4 * (first & 15);
  if ((first & 0x10) !== 0) {
    if (packet.length < start + 4) return null;
    start += 4 + 4 * packet.readUInt16BE(start + 2);
  }
  const padding = (first & 0x20) === 0 ? 0 : packet.readUInt8(packet.length - 1);
  if (packet.length - padding <= start) return null;
  return {
    sequence: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    marker: packet.readUInt8(1) >= 128,
    payload: packet.subarray(start, packet.length - padding),
  };
}

const oneByteExtensions = 0xbede;
const twoByteExtensions = 0x100;

/** What a packet says in its header extension of this id (RFC 8285, section 4), a view of it; null: nothing. */
export function headerExtension(packet: Buffer, id: number): Buffer | null {
  if (packet.length < headerBytes || (packet.readUInt8(0) & 0x10) === 0) return null;
  const start = headerBytes + 4 * (packet.readUInt8(0) & 15);
  if (packet.length < start + 4) return null;
  const profile = packet.readUInt16BE(start);
  const isShort = profile === oneByteExtensions;
  if (!isShort && profile >> 4 !== twoByteExtensions) return null;
  const elements = packet.subarray(start + 4, start + 4 + 4 * packet.readUInt16BE(start + 2));
  let at = 0;
  while (at < elements.length) {
    const first = elements.readUInt8(at++);
    // Padding.
    if (first === 0) continue;
    // With one byte, 15 means that nothing is to be read from here on.
    if ((isShort && first >> 4 === 15) || (!isShort && at === elements.length)) return null;
    const size = isShort ? (first & 15) + 1 : elements.readUInt8(at++);
    if ((isShort ? first >> 4 : first) === id)
      return at + size <= elements.length ? elements.subarray(at, at + size) : null;
    at += size;
  }
  return null;
}

export interface RtpNumbers {
  readonly payloadType: number;
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
}

/** The same payload in a packet of another stream. */
export function writeRtp({ payload, marker }: RtpPacket, numbers: RtpNumbers): Buffer {
  const packet = Buffer.allocUnsafe(headerBytes + payload.length);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8((marker ? 0x80 : 0) | numbers.payloadType, 1);
  packet.writeUInt16BE(numbers.sequence & 0xffff, 2);
  packet.writeUInt32BE(numbers.timestamp >>> 0, 4);
  packet.writeUInt32BE(numbers.ssrc >>> 0, 8);
  payload.copy(packet, headerBytes);
  return packet;
}

/** H.264 (RFC 6184): a key frame of ours begins with its sequence parameter set. */
export function beginsKeyFrame(payload: Buffer): boolean {
  const type = payload.readUInt8(0) & 31;
  if (type === stapA) return payload.length > 3 && (payload.readUInt8(3) & 31) === sequenceParameterSet;
  if (type !== fuA) return type === sequenceParameterSet;
  const fragment = payload.length > 1 ? payload.readUInt8(1) : 0;
  return (fragment & 0x80) !== 0 && (fragment & 31) === sequenceParameterSet;
}
