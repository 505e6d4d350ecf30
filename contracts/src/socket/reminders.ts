import { z } from 'zod';
import { sessionId } from '../ids.ts';
import { sessionReminder } from '../reminders.ts';
import { message } from './message.ts';

const bySession = z.object({ sessionId });

/** Reminders of scheduled sessions, as over REST. */
export const reminderMessages = {
  'reminder:set': message({
    access: 'signedIn',
    input: bySession,
    output: z.object({ reminder: sessionReminder }),
  }),
  'reminder:remove': message({ access: 'signedIn', input: bySession, output: z.object({}) }),
};
