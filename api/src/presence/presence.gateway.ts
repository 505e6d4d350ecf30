import type { Handlers } from '../realtime/gateway.ts';
import type { PresenceService } from './presence.service.ts';

/** Watching presence over sockets. */
export function presenceHandlers(presence: PresenceService): Pick<Handlers, 'presence:watch'> {
  return {
    'presence:watch': async ({ userIds }, client) => ({ items: await presence.watch(client, userIds) }),
  };
}
