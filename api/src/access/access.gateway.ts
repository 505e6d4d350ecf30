import type { CurrentUser, Handlers } from '../realtime/gateway.ts';
import type { AccessService } from './access.service.ts';

/** Invitations to private sessions over sockets. */
export function accessHandlers(
  access: Pick<AccessService, 'create' | 'remove'>,
  current: CurrentUser,
): Pick<Handlers, 'session:invite' | 'session:uninvite'> {
  return {
    'session:invite': async (input, client) => ({
      invited: await access.create(await current(client), input),
    }),
    'session:uninvite': async (input, client) => {
      await access.remove(await current(client), input);
      return {};
    },
  };
}
