import { createHash, randomInt } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Random letters and digits; 40 of them carry 238 bits, so a plain SHA-256 of them is as good as the secret is. */
export function newSecret(length = 40): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** SHA-256, hexadecimal: what is stored of stream keys and refresh tokens. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

const streamKeyPrefix = 'mk_';

/** A stream key: `mk_` and 40 letters and digits, safe in URLs and in OBS. */
export function newStreamKey(): string {
  return `${streamKeyPrefix}${newSecret()}`;
}

/** First characters after the prefix, by which its owner recognises a key. */
export function streamKeyHint(key: string): string {
  return key.slice(streamKeyPrefix.length, streamKeyPrefix.length + 4);
}
