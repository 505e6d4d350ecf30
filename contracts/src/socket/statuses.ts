import { z } from 'zod';
import { userId } from '../ids.ts';
import { status } from '../statuses.ts';
import { message } from './message.ts';

/** As over REST. */
export const statusMessages = {
  'status:see': message({
    access: 'signedIn',
    input: z.object({ id: z.uuid() }),
    output: z.object({}),
  }),
};

/**
 * What is told about statuses: to followers who are connected and may see them, and to the owner's own connections. Only
 * hints: the lists have the truth, and who was away for longer than half a minute isn't always told.
 */
export const statusEvents = {
  'status:created': z.object({ status }),
  /** Its owner deleted it. One that expires isn't told of. */
  'status:deleted': z.object({ statusId: z.uuid(), userId }),
} as const;
