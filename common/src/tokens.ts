import { joinClaims, joinTokenLifetimeSec, relayClaims, type JoinClaims } from '@maydan/contracts';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { AppError } from './AppError.ts';

/**
 * Tokens between our own services: HS256 with INTERNAL_SECRET, one audience each, one minute at most, so that a
 * token seen once is of little use.
 */
const lifetimeSec = 60;
const internalClaims = z.object({ aud: z.literal('internal'), sub: z.string() });

function verify<T extends z.ZodType>(token: string, secret: string, audience: string, schema: T): z.infer<T> {
  try {
    return schema.parse(jwt.verify(token, secret, { algorithms: ['HS256'], audience, maxAge: lifetimeSec }));
  } catch (error) {
    throw new AppError('token_invalid', undefined, undefined, { cause: error });
  }
}

/** Lets its bearer play one relay path of ingest. */
export function mintRelayToken(secret: string, path: string): string {
  return jwt.sign({ path }, secret, { algorithm: 'HS256', audience: 'relay', expiresIn: lifetimeSec });
}

/** Throws `token_invalid` unless the token is for exactly this path. */
export function verifyRelayToken(secret: string, token: string, path: string): void {
  const claims = verify(token, secret, 'relay', relayClaims);
  if (claims.path !== path) throw new AppError('token_invalid');
}

/** Lets a service (named by `service`) ask another one's internal routes. */
export function mintInternalToken(secret: string, service: string): string {
  return jwt.sign({ sub: service }, secret, {
    algorithm: 'HS256',
    audience: 'internal',
    expiresIn: lifetimeSec,
  });
}

/** Returns the name of the asking service; throws `token_invalid`. */
export function verifyInternalToken(secret: string, token: string): string {
  return verify(token, secret, 'internal', internalClaims).sub;
}

/** What a join token is minted from; audience and times are added. */
export type JoinGrant = Omit<JoinClaims, 'aud' | 'iat' | 'exp'>;

/** Lets its bearer into a room of the sfu as the peer it names, for `joinTokenLifetimeSec`. */
export function mintJoinToken(secret: string, grant: JoinGrant): string {
  const { peerId, sessionId, role, userId, displayName, sessionType, viewer } = grant;
  return jwt.sign({ peerId, sessionId, role, userId, displayName, sessionType, viewer }, secret, {
    algorithm: 'HS256',
    audience: 'sfu',
    expiresIn: joinTokenLifetimeSec,
  });
}

/** Throws `token_expired`, for which a new token helps, or `token_invalid`. */
export function verifyJoinToken(secret: string, token: string): JoinClaims {
  try {
    const options = { algorithms: ['HS256' as const], audience: 'sfu', maxAge: joinTokenLifetimeSec };
    return joinClaims.parse(jwt.verify(token, secret, options));
  } catch (error) {
    const code = error instanceof jwt.TokenExpiredError ? 'token_expired' : 'token_invalid';
    throw new AppError(code, undefined, undefined, { cause: error });
  }
}
