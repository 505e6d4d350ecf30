import { z } from 'zod';
import { isoDate, userId } from '../ids.ts';
import { maxWatched, presence } from '../presence.ts';
import { message } from './message.ts';

/** What is asked about presence. */
export const presenceMessages = {
  /**
   * From now on the connection is told of the presence of these users, in place of those before. Answered with the state
   * of those who show it to the user; the others are left out, and asked for again by another message only. A client that
   * comes back says it again, also after a recovery.
   */
  'presence:watch': message({
    access: 'signedIn',
    cost: 5,
    input: z.object({ userIds: z.array(userId).max(maxWatched) }),
    output: z.object({ items: z.array(presence) }),
  }),
};

/** What is told about the presence of users who are watched. It may repeat what is known. */
export const presenceEvents = {
  'presence:online': z.object({ userId }),
  /** Told some 20 seconds after the last device went, so that one that comes back at once isn't news. */
  'presence:offline': z.object({ userId, lastSeenAt: isoDate }),
  /** Nothing is told of this user any more; `presence:watch` asks anew whether they show it. */
  'presence:hidden': z.object({ userId }),
} as const;
