import type { AnalyticsService } from '../analytics/analytics.service.ts';
import type { CurrentUser, Handlers, RoomGuard } from '../realtime/gateway.ts';
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

/** What a host does with sessions over sockets: the services that answer over REST judge it. */
export function sessionActHandlers(
  sessions: SessionsService,
  analytics: Pick<AnalyticsService, 'summaryOf'>,
  current: CurrentUser,
): Pick<Handlers, 'session:create' | 'session:update' | 'session:end'> {
  return {
    'session:create': async (input, client) => ({
      session: await sessions.create(await current(client), input, client.playbackBase),
    }),
    'session:update': async (input, client) => ({
      session: await sessions.update(await current(client), input, client.playbackBase),
    }),
    'session:end': async (input, client) => {
      const { session, row } = await sessions.end(await current(client), input, client.playbackBase);
      return { session: { ...session, stats: await analytics.summaryOf(row) } };
    },
  };
}

/** Everybody may follow a session whose id they know, unless a block hides it or they are banned. Throws as `findWatchable`. */
export function sessionGuard(sessions: SessionsService): RoomGuard {
  return async (sessionId, user) => void (await sessions.findWatchable(user, sessionId));
}
