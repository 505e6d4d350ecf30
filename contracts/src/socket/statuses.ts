import { z } from 'zod';
import { userId } from '../ids.ts';
import { status, statusCreateInput } from '../statuses.ts';
import { message } from './message.ts';

const byId = z.object({ id: z.uuid() });

/** As over REST: the same `tempId` again is answered with the status that is stored. */
export const statusMessages = {
  'status:create': message({ access: 'signedIn', input: statusCreateInput, output: z.object({ status }) }),
  /** An own one; moderators: anybody's. */
  'status:delete': message({ access: 'signedIn', input: byId, output: z.object({}) }),
  'status:see': message({ access: 'signedIn', input: byId, output: z.object({}) }),
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
