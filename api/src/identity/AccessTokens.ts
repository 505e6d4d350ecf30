import { createSecretKey, type KeyObject } from 'node:crypto';
import { AppError } from '@maydan/common';
import { accessClaims, type AccessClaims, type Role } from '@maydan/contracts';
import jwt from 'jsonwebtoken';

export const accessTokenLifetimeSec = 15 * 60;

/** Access tokens: JWT, HS256, 15 minutes. */
export class AccessTokens {
  /** A key that is made once: of a text, the library makes one for each token. */
  readonly #secret: KeyObject;

  constructor(secret: string) {
    this.#secret = createSecretKey(Buffer.from(secret));
  }

  mint(subject: { userId: string; role: Role; signInId: string }): string {
    return jwt.sign({ role: subject.role, sid: subject.signInId }, this.#secret, {
      algorithm: 'HS256',
      subject: subject.userId,
      expiresIn: accessTokenLifetimeSec,
    });
  }

  /** Throws `token_expired` or `token_invalid`. */
  verify(token: string): AccessClaims {
    try {
      return accessClaims.parse(jwt.verify(token, this.#secret, { algorithms: ['HS256'] }));
    } catch (error) {
      const code = error instanceof jwt.TokenExpiredError ? 'token_expired' : 'token_invalid';
      throw new AppError(code, undefined, undefined, { cause: error });
    }
  }
}

/** The token of an `Authorization: Bearer …` header; throws `unauthenticated` when there is none. */
export function bearerToken(header: string | undefined): string {
  const match = /^Bearer +([^\s]+)$/i.exec(header ?? '');
  if (match?.[1] === undefined) throw new AppError('unauthenticated');
  return match[1];
}
