import type { CurrentUser, Handlers } from '../realtime/gateway.ts';
import type { BansService } from './bans.service.ts';

/** Bans from a session over sockets. */
export function bansHandlers(
  bans: Pick<BansService, 'create' | 'remove'>,
  current: CurrentUser,
): Pick<Handlers, 'session:ban' | 'session:unban'> {
  return {
    'session:ban': async (input, client) => ({ ban: await bans.create(await current(client), input) }),
    'session:unban': async ({ id, userId }, client) => {
      await bans.remove(await current(client), id, userId);
      return {};
    },
  };
}
