import { z } from 'zod';
import { isoDate, userId } from './ids.ts';
import { publicUser } from './sessions.ts';

/** Somebody whom a host has admitted; for what (they may pay the host elsewhere) is between the two. */
export const subscriber = z.object({
  user: publicUser,
  since: isoDate,
  /** It holds until then, and stays listed; null: until the host removes it. */
  until: isoDate.nullable(),
});
export type Subscriber = z.infer<typeof subscriber>;

export const subscriberById = z.object({ userId });
/** `until` lies in the future. */
export const subscriberInput = subscriberById.extend({ until: isoDate.nullable().default(null) });
export type SubscriberInput = z.infer<typeof subscriberInput>;

export const subscriberPage = z.object({ items: z.array(subscriber), nextCursor: z.string().nullable() });
export type SubscriberPage = z.infer<typeof subscriberPage>;
