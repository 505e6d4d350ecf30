import type { Handlers } from '../realtime/gateway.ts';
import type { StatusesService } from './statuses.service.ts';

/** Statuses over sockets. */
export function statusesHandlers(statuses: StatusesService): Pick<Handlers, 'status:see'> {
  return {
    'status:see': async ({ id }, client) => {
      await statuses.see(client.user, id);
      return {};
    },
  };
}
