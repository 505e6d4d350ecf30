import type { Handlers } from '../realtime/gateway.ts';
import type { Viewing } from './createViewing.ts';

/** Watching and reactions over sockets. */
export function viewingHandlers({
  viewing,
}: Pick<Viewing, 'viewing'>): Pick<Handlers, 'viewing:heartbeat' | 'viewing:end' | 'reaction:send'> {
  return {
    'viewing:heartbeat': ({ token }) => {
      viewing.heartbeat(token);
      return Promise.resolve({});
    },
    'viewing:end': async ({ token }) => {
      await viewing.end(token);
      return {};
    },
    'reaction:send': async ({ sessionId: id, ...reaction }, client) => {
      const isIn = client.follows('chat', id) || client.follows('staff', id);
      await viewing.react(client.user, { id, ...reaction }, isIn);
      return {};
    },
  };
}
