import type { Handlers } from '../realtime/gateway.ts';
import type { RestreamService } from './restream.service.ts';

/** Restream targets over sockets. */
export function restreamHandlers(
  restream: RestreamService,
): Pick<Handlers, 'restream:list' | 'restream:switch'> {
  return {
    'restream:list': (_input, client) => restream.list(client.user.id),
    'restream:switch': (input, client) => restream.update(client.user.id, input),
  };
}
