/** Encrypted content encoding for HTTP (RFC 8188, 8291); only what the tests use. */
declare module 'http_ece' {
  import type { ECDH } from 'node:crypto';
  export function decrypt(
    body: Buffer,
    options: { version: string; privateKey: ECDH; authSecret: Buffer },
  ): Buffer;
}
