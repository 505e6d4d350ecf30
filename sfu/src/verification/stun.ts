import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface IceCredentials {
  usernameFragment: string;
  password: string;
}

const magicCookie = 0x2112a442;
const fingerprintMask = 0x5354554e;
const clientUsernameFragment = 'maydan';

/**
 * The binding request by which an ICE client nominates an address (RFC 8445 7.2.2; RFC 8489): USERNAME,
 * ICE-CONTROLLING, USE-CANDIDATE, PRIORITY, MESSAGE-INTEGRITY, FINGERPRINT.
 */
export function bindingRequest({ usernameFragment, password }: IceCredentials): Buffer {
  const attributes = [
    attribute(0x0006, Buffer.from(`${usernameFragment}:${clientUsernameFragment}`)),
    attribute(0x802a, Buffer.alloc(8, 1)),
    attribute(0x0025, Buffer.alloc(0)),
    attribute(0x0024, Buffer.from([0x7e, 0xff, 0xff, 0xff])),
  ];
  const request = Buffer.concat([header(), ...attributes]);
  const signed = append(request, 24, (message) =>
    attribute(0x0008, createHmac('sha1', password).update(message).digest()),
  );
  return append(signed, 8, (message) => attribute(0x8028, fingerprintOf(message)));
}

/** RFC 7983: STUN packets begin with 0 to 3; DTLS, RTP and RTCP with more. */
export function isStun(packet: Buffer): boolean {
  return (packet[0] ?? 0) <= 3;
}

function header(): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16BE(0x0001, 0);
  bytes.writeUInt32BE(magicCookie, 4);
  bytes.write('maydan-setup', 8, 'latin1');
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
