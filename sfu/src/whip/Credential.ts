import { createHash, timingSafeEqual } from 'node:crypto';

/** The bearer token that something was made with, of which only a hash is kept. */
export class Credential {
  readonly #hash: Buffer;

  constructor(token: string) {
    this.#hash = hash(token);
  }

  is(token: string): boolean {
    return timingSafeEqual(hash(token), this.#hash);
  }
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
