import { z } from 'zod';
import { isoDate, sessionId } from '../ids.ts';
import { publicUser } from '../sessions.ts';

/** What is told to the person whom it concerns, on all devices. */
export const moderationEvents = {
  /** They may not write in the chat of the session, until then (null: until it is lifted). */
  'chat:muted': z.object({ sessionId, until: isoDate.nullable(), reason: z.string().nullable() }),
  /** They may write again. */
  'chat:unmuted': z.object({ sessionId }),
  /** Whether they moderate the rooms of a host from now on: who has such a chat open joins it anew (`chat:leave`, `chat:join`). */
  'moderator:changed': z.object({ host: publicUser, isModerator: z.boolean() }),
} as const;
