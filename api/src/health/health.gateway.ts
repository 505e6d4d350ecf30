import { AppError } from '@maydan/common';
import type { Handlers, RoomGuard } from '../realtime/gateway.ts';
import type { HealthNews } from './HealthNews.ts';

/** Hearing over sockets how a broadcast does. */
export function healthHandlers(news: HealthNews): Pick<Handlers, 'health:subscribe' | 'health:unsubscribe'> {
  return {
    // In the room first, so that no report falls between the answer and the first event.
    'health:subscribe': async ({ sessionId }, client) => {
      await client.follow('health', sessionId);
      return news.heard(sessionId);
    },
    'health:unsubscribe': async ({ sessionId }, client) => {
      await client.unfollow('health', sessionId);
      return {};
    },
  };
}

/** A change of the role has all connections of the user come back, and this is asked again. */
export function healthGuard(news: HealthNews): RoomGuard {
  return async (sessionId, user) => {
    if (user === null) throw new AppError('unauthenticated');
    await news.require(user, sessionId);
  };
}
