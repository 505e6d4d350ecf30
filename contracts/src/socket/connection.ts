import { z } from 'zod';
import { errorBody } from '../errors.ts';
import { isoDate, userId } from '../ids.ts';
import { message } from './message.ts';

/** What is asked about the connection itself. */
export const connectionMessages = {
  /** A newer access token of the same user, so that the connection outlives the one it began with. */
  'connection:renew': message({
    access: 'signedIn',
    input: z.object({ token: z.string().max(2_000) }),
    output: z.object({ expiresAt: isoDate }),
  }),
};

/** What is told about the connection itself. */
export const connectionEvents = {
  /**
   * First, and after a recovery once all that was missed has been told. `userId` is null for a guest, who stays as long as
   * they like. Not recovered: what happened before is not told, and rooms of sessions and conversations are to be joined.
   */
  'connection:ready': z.object({
    userId: userId.nullable(),
    expiresAt: isoDate.nullable(),
    recovered: z.boolean(),
  }),
  /** Up to here everything has been told: a client that comes back after a quiet time goes on from this position. */
  'connection:position': z.object({}),
  /** The access token expires within a minute: `connection:renew`, or the connection ends then. */
  'connection:expiring': z.object({ expiresAt: isoDate }),
  /** The api disconnects now, and why: after `token_expired` a client comes back with a new token and goes on, `token_invalid` signs in again. */
  'connection:ended': errorBody,
} as const;
