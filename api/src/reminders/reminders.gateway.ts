import type { Handlers } from '../realtime/gateway.ts';
import type { RemindersService } from './reminders.service.ts';

/** Reminders over sockets. */
export function remindersHandlers(
  reminders: RemindersService,
): Pick<Handlers, 'reminder:set' | 'reminder:remove'> {
  return {
    'reminder:set': async ({ sessionId }, { user }) => ({ reminder: await reminders.set(user, sessionId) }),
    'reminder:remove': async ({ sessionId }, { user }) => {
      await reminders.remove(user, sessionId);
      return {};
    },
  };
}
