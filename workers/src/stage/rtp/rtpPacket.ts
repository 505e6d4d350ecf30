/** One RTP packet (RFC 3550 5.1), its extensions and padding taken off. */
export interface RtpPacket {
  readonly payloadType: number;
  /** Last packet of a picture. */
  readonly marker: boolean;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits, in units of the codec's clock. */
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

const fixedHeaderBytes = 12;

/** RTP and RTCP share a port: RTCP has packet types 192 to 223 where RTP has its marker and payload type (RFC 5761). */
export function isRtcp(bytes: Uint8Array): boolean {
  const type = bytes[1] ?? 0;
  return type >= 192 && type <= 223;
}

/** Null when the bytes are no whole RTP packet. The payload is a view into `bytes`. */
export function parseRtp(bytes: Uint8Array): RtpPacket | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < fixedHeaderBytes) return null;
  const first = view.getUint8(0);
  if (first >> 6 !== 2) return null;
  let start = fixedHeaderBytes + 4 * (first & 15);
  if ((first & 0x10) !== 0) {
    if (start + 4 > bytes.length) return null;
    start += 4 + 4 * view.getUint16(start + 2);
  }
  const padding = (first & 0x20) !== 0 ? (bytes.at(-1) ?? 0) : 0;
  const end = bytes.length - padding;
  if (start > end) return null;
  const second = view.getUint8(1);
  return {
    payloadType: second & 127,
    marker: (second & 128) !== 0,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    payload: bytes.subarray(start, end),
  };
}
