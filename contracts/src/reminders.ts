import { z } from 'zod';
import { isoDate, sessionId } from './ids.ts';

/** That somebody wants to be told before a scheduled session begins, and when it is live. */
export const sessionReminder = z.object({
  sessionId,
  /** As it stands now: the reminder moves with it. */
  scheduledStartAt: isoDate,
  /** When they are told before it; null: it is too soon for that. */
  remindAt: isoDate.nullable(),
});
export type SessionReminder = z.infer<typeof sessionReminder>;
