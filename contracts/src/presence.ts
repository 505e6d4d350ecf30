import { z } from 'zod';
import { isoDate, userId } from './ids.ts';
import { userById } from './people.ts';
import { route } from './route.ts';

/** So many users' presence one connection is told of at most. */
export const maxWatched = 200;

/** Whether somebody is there: online on any device, or when they were last. */
export const presence = z.object({
  userId,
  online: z.boolean(),
  /** Null while online, and for somebody who never was. */
  lastSeenAt: isoDate.nullable(),
});
export type Presence = z.infer<typeof presence>;

/** Routes of presence. */
export const presenceContract = {
  get: route('GET', '/users/{id}/presence', 'People', 'Whether somebody is online, or when they were last')
    .input(userById)
    /** Null: they don't show it to the one who asks. */
    .output(z.object({ presence: presence.nullable() })),
};
