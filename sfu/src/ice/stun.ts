import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface IceCredentials {
  usernameFragment: string;
  password: string;
}

const magicCookie = 0x2112a442;
const fingerprintMask = 0x5354554e;

export interface BindingOptions {
  /** The asker's own username fragment. */
  readonly from?: string;
  /** 12 bytes. */
  readonly transactionId?: Buffer;
  /** The address is the one to be used. */
  readonly nominates?: boolean;
}

/**
 * The binding request by which an ICE client checks an address, and nominates it (RFC 8445 7.2.2; RFC 8489): USERNAME,
 * ICE-CONTROLLING, USE-CANDIDATE, PRIORITY, MESSAGE-INTEGRITY, FINGERPRINT.
 */
export function bindingRequest(
  { usernameFragment, password }: IceCredentials,
  { from = 'maydan', transactionId = Buffer.from('maydan-setup'), nominates = true }: BindingOptions = {},
): Buffer {
  const attributes = [
    attribute(0x0006, Buffer.from(`${usernameFragment}:${from}`)),
    attribute(0x802a, Buffer.alloc(8, 1)),
    ...(nominates ? [attribute(0x0025, Buffer.alloc(0))] : []),
    attribute(0x0024, Buffer.from([0x7e, 0xff, 0xff, 0xff])),
  ];
  const request = Buffer.concat([header(transactionId), ...attributes]);
  const signed = append(request, 24, (message) =>
    attribute(0x0008, createHmac('sha1', password).update(message).digest()),
  );
  return append(signed, 8, (message) => attribute(0x8028, fingerprintOf(message)));
}

/** Of a success answer to a binding request, signed with the password of who was asked: its transaction id. Null for anything else. */
export function answeredTransaction(packet: Buffer, password: string): Buffer | null {
  if (packet.length < 20 || packet.readUInt16BE(0) !== 0x0101 || packet.readUInt32BE(4) !== magicCookie)
    return null;
  for (let at = 20; at + 4 <= packet.length;) {
    const [type, length] = [packet.readUInt16BE(at), packet.readUInt16BE(at + 2)];
    if (type === 0x0008) return isSigned(packet, at, password) ? packet.subarray(8, 20) : null;
    at += 4 + 4 * Math.ceil(length / 4);
  }
  return null;
}

/** MESSAGE-INTEGRITY, which begins `at`, is over what comes before it, by a length that ends with it (RFC 8489 14.5). */
function isSigned(packet: Buffer, at: number, password: string): boolean {
  const before = Buffer.from(packet.subarray(0, at));
  before.writeUInt16BE(at + 24 - 20, 2);
  const digest = createHmac('sha1', password).update(before).digest();
  const given = packet.subarray(at + 4, at + 24);
  return given.length === digest.length && timingSafeEqual(given, digest);
}

/** RFC 7983: STUN packets begin with 0 to 3; DTLS, RTP and RTCP with more. */
export function isStun(packet: Buffer): boolean {
  return (packet[0] ?? 0) <= 3;
}

function header(transactionId: Buffer): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16BE(0x0001, 0);
  bytes.writeUInt32BE(magicCookie, 4);
  transactionId.copy(bytes, 8);
  return bytes;
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

/** The length in the header already counts the attribute that is computed over the message. */
function append(message: Buffer, size: number, make: (message: Buffer) => Buffer): Buffer {
  const counted = Buffer.from(message);
  counted.writeUInt16BE(message.length - 20 + size, 2);
  return Buffer.concat([counted, make(counted)]);
}

function fingerprintOf(message: Buffer): Buffer {
  const value = Buffer.alloc(4);
  value.writeUInt32BE((crc32(message) ^ fingerprintMask) >>> 0);
  return value;
}
