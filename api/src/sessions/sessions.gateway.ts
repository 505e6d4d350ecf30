import type { Handlers, RoomGuard } from '../realtime/gateway.ts';
import type { SessionsService } from './sessions.service.ts';

/** Following sessions over sockets. */
export function sessionsHandlers(
  sessions: SessionsService,
): Pick<Handlers, 'session:subscribe' | 'session:unsubscribe'> {
  return {
    // In the room first, so that no change falls between the answer and the first event.
    'session:subscribe': async ({ sessionId }, client) => {
      await client.follow('session', sessionId);
      return { session: await sessions.get(client.user, sessionId, client.playbackBase) };
    },
    'session:unsubscribe': async ({ sessionId }, client) => {
      await client.unfollow('session', sessionId);
      return {};
    },
  };
}

/** Everybody may follow a session whose id they know, unless a block hides it or they are banned. Throws as `findWatchable`. */
export function sessionGuard(sessions: SessionsService): RoomGuard {
  return async (sessionId, user) => void (await sessions.findWatchable(user, sessionId));
}
