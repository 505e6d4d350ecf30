import { createCipheriv, createECDH, createPrivateKey, hkdfSync, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';

const curve = 'prime256v1';
const recordSize = 4_096;
const tokenLifetimeSec = 12 * 3_600;

/** Where a browser takes pushes, and the keys that it decrypts with (base64url). */
export interface WebSubscription {
  readonly endpoint: string;
  readonly p256dh: string;
  readonly auth: string;
}

/** Who we are to push services (VAPID, RFC 8292): `publicKey` is what browsers subscribe with. */
export interface VapidKeys {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** The key pair of a private key: 32 bytes, base64url. Throws for one that is none. */
export function vapidKeysOf(privateKey: string): VapidKeys {
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(Buffer.from(privateKey, 'base64url'));
  return { privateKey, publicKey: ecdh.getPublicKey().toString('base64url') };
}

/** Whether messages can be encrypted for it: a point on the curve, and a secret of 16 bytes. */
export function areKeysGood({ p256dh, auth }: Pick<WebSubscription, 'p256dh' | 'auth'>): boolean {
  try {
    encryptPush('', { endpoint: '', p256dh, auth });
    return Buffer.from(auth, 'base64url').length === 16;
  } catch {
    return false;
  }
}

/** Encrypts for the browser alone, in one record (RFC 8291, content coding aes128gcm of RFC 8188). */
export function encryptPush(text: string, { p256dh, auth }: WebSubscription): Buffer {
  const theirs = Buffer.from(p256dh, 'base64url');
  const ecdh = createECDH(curve);
  const ours = ecdh.generateKeys();
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), theirs, ours]);
  const secret = hkdf(ecdh.computeSecret(theirs), Buffer.from(auth, 'base64url'), info, 32);
  const salt = randomBytes(16);
  const key = hkdf(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = hkdf(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  // The delimiter 2 ends the last record.
  const sealed = [cipher.update(Buffer.concat([Buffer.from(text), Buffer.from([2])])), cipher.final()];
  const header = Buffer.alloc(5);
  header.writeUInt32BE(recordSize, 0);
  header.writeUInt8(ours.length, 4);
  return Buffer.concat([salt, header, ours, ...sealed, cipher.getAuthTag()]);
}

/** The `Authorization` that a push service knows us by; `subject` is where its operator reaches us. */
export function vapidHeader(endpoint: string, { privateKey, publicKey }: VapidKeys, subject: string): string {
  const point = Buffer.from(publicKey, 'base64url');
  const key = createPrivateKey({
    format: 'jwk',
    key: {
      ...{ kty: 'EC', crv: 'P-256', d: privateKey },
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    },
  });
  const options = { algorithm: 'ES256', expiresIn: tokenLifetimeSec, noTimestamp: false } as const;
  const token = jwt.sign({ aud: new URL(endpoint).origin, sub: subject }, key, options);
  return `vapid t=${token}, k=${publicKey}`;
}

function hkdf(key: Buffer, salt: Buffer, info: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, info, length));
}
