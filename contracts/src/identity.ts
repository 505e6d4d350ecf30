import { z } from 'zod';
import { isoDate, userId, username } from './ids.ts';

export const role = z.enum(['user', 'moderator', 'admin']);
export type Role = z.infer<typeof role>;

/** Passwords are stored with Argon2id; 200 characters bound the work of a hash. */
export const password = z.string().min(10).max(200);
const email = z.string().trim().toLowerCase().pipe(z.email().max(254));

export const registerInput = z.object({
  username,
  email,
  password,
  displayName: z.string().trim().min(1).max(60).optional(),
});
export const loginInput = z.object({
  /** Email address or username. */
  login: z.string().trim().min(1).max(254),
  password: z.string().min(1).max(200),
});
export const refreshInput = z.object({ refreshToken: z.string().min(20).max(400) });
export const logoutInput = refreshInput;

export const me = z.object({
  id: userId,
  username,
  email: z.string(),
  displayName: z.string(),
  role,
  createdAt: isoDate,
});
export type Me = z.infer<typeof me>;

export const tokenPair = z.object({
  accessToken: z.string(),
  /** Seconds until the access token expires. */
  expiresInSec: z.int(),
  refreshToken: z.string(),
});
export type TokenPair = z.infer<typeof tokenPair>;
export const signedIn = tokenPair.extend({ user: me });

/** One signed-in device: a family of rotating refresh tokens. */
export const signIn = z.object({
  id: z.uuid(),
  createdAt: isoDate,
  lastUsedAt: isoDate,
  userAgent: z.string().nullable(),
  current: z.boolean(),
});

/** Claims of an access token (JWT, HS256, `ACCESS_TOKEN_SECRET`). */
export const accessClaims = z.object({
  sub: userId,
  role,
  /** Id of the sign-in (refresh token family). */
  sid: z.uuid(),
  exp: z.int(),
  iat: z.int(),
});
export type AccessClaims = z.infer<typeof accessClaims>;
