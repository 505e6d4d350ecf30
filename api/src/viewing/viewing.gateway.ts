import type { Handlers } from '../realtime/gateway.ts';
import type { Viewing } from './createViewing.ts';

type Names = 'viewing:start' | 'viewing:heartbeat' | 'viewing:end' | 'reaction:send';

/** Watching and reactions over sockets. */
export function viewingHandlers({ viewing }: Pick<Viewing, 'viewing'>): Pick<Handlers, Names> {
  return {
    'viewing:start': async (input, client) => {
      const started = await viewing.start(client.user, input, client.address);
      client.keepDevice(started.deviceToken);
      return started;
    },
    'viewing:heartbeat': async ({ token }) => {
      await viewing.heartbeat(token);
      return {};
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
