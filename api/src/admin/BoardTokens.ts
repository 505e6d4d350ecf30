import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { AppError } from '@maydan/common';
import jwt from 'jsonwebtoken';
import { z } from 'zod';

/** As long as an access token. */
export const boardLifetimeSec = 15 * 60;

const claims = z.object({ sub: z.uuid(), sid: z.uuid() });

/** What the cookie of the queue board holds: JWT, HS256, with a key of its own, so that it is good for nothing else. */
export class BoardTokens {
  readonly #key: KeyObject;

  constructor(secret: string) {
    this.#key = createSecretKey(createHmac('sha256', secret).update('maydan queue board').digest());
  }

  mint({ userId, signInId }: { userId: string; signInId: string }): string {
    return jwt.sign({ sid: signInId }, this.#key, {
      algorithm: 'HS256',
      subject: userId,
      expiresIn: boardLifetimeSec,
    });
  }

  /** Throws `unauthenticated`. */
  verify(token: string): { userId: string; signInId: string } {
    try {
      const { sub, sid } = claims.parse(jwt.verify(token, this.#key, { algorithms: ['HS256'] }));
      return { userId: sub, signInId: sid };
    } catch (cause) {
      throw new AppError('unauthenticated', undefined, undefined, { cause });
    }
  }
}
