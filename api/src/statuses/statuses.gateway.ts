import type { CurrentUser, Handlers } from '../realtime/gateway.ts';
import type { StatusesService } from './statuses.service.ts';

/** Statuses over sockets. */
export function statusesHandlers(
  statuses: Pick<StatusesService, 'create' | 'remove' | 'see'>,
  current: CurrentUser,
): Pick<Handlers, 'status:create' | 'status:delete' | 'status:see'> {
  return {
    'status:create': async (input, client) => ({
      status: await statuses.create(await current(client), input),
    }),
    'status:delete': async ({ id }, client) => {
      await statuses.remove(await current(client), id);
      return {};
    },
    'status:see': async ({ id }, client) => {
      await statuses.see(client.user, id);
      return {};
    },
  };
}
