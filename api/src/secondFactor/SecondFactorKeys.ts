import { createHmac, hkdfSync } from 'node:crypto';
import { AppError } from '@maydan/common';
import { secondFactorChallenge, type SecondFactorChallenge } from '@maydan/contracts';
import { hashSecret, type User } from '@maydan/prisma';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { seal, unseal } from '../identity/sealing.ts';

const expiresInSec = 300;
const claims = z.object({ sub: z.uuid(), account: z.string() });

/** What a challenge is good for: the account as it was when the first factor was proved. */
export interface Challenged {
  readonly userId: string;
  readonly account: string;
}

/** The cryptography of second factors; each use has a key of its own, derived (RFC 5869) from one secret of the installation. */
export class SecondFactorKeys {
  readonly #sealing: Buffer;
  readonly #hashing: Buffer;
  readonly #signing: Buffer;

  constructor(secret: string) {
    const derived = (use: string) =>
      Buffer.from(hkdfSync('sha256', secret, '', `maydan second factor ${use}`, 32));
    this.#sealing = derived('secrets');
    this.#hashing = derived('recovery codes');
    this.#signing = derived('challenges');
  }

  /** Encrypted and bound to the user. */
  seal(userId: string, text: string): string {
    return seal(this.#sealing, userId, text);
  }

  /** Rejects what this installation's secret didn't seal for this user; then the secret was changed. */
  open(userId: string, sealed: string): string {
    return unseal(this.#sealing, userId, sealed);
  }

  /** Recovery codes are short: without the key, their hashes tell them to nobody. Case, blanks and dashes don't matter. */
  hashCode(userId: string, code: string): string {
    const plain = code.toLowerCase().replace(/[^a-z0-9]/g, '');
    return createHmac('sha256', this.#hashing).update(`${userId} ${plain}`).digest('hex');
  }

  challenge(user: User): SecondFactorChallenge {
    const challenge = jwt.sign({ account: stateOf(user) }, this.#signing, {
      algorithm: 'HS256',
      subject: user.id,
      expiresIn: expiresInSec,
    });
    return secondFactorChallenge.parse({ challenge, expiresInSec });
  }

  /** Throws `token_expired` or `token_invalid`. */
  verifyChallenge(challenge: string): Challenged {
    try {
      const { sub, account } = claims.parse(jwt.verify(challenge, this.#signing, { algorithms: ['HS256'] }));
      return { userId: sub, account };
    } catch (error) {
      const code = error instanceof jwt.TokenExpiredError ? 'token_expired' : 'token_invalid';
      throw new AppError(code, undefined, undefined, { cause: error });
    }
  }
}

/** Changes when the password or the second factor does: then earlier proofs are worth nothing. */
export function stateOf({ passwordHash, secondFactorAt }: User): string {
  return hashSecret(`${passwordHash ?? ''} ${secondFactorAt?.toISOString() ?? ''}`).slice(0, 32);
}
