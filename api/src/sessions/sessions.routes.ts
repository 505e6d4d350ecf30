import type { AnalyticsService } from '../analytics/analytics.service.ts';
import type { AnybodyProcedures, SignedInProcedures } from '../http/context.ts';
import type { RecordingsService } from '../moderation/recordings.service.ts';
import type { SessionListsService } from './lists.service.ts';
import type { SessionsService } from './sessions.service.ts';

export function sessionsRoutes(
  sessions: SessionsService,
  lists: SessionListsService,
  {
    analytics,
    recordings,
  }: { analytics: Pick<AnalyticsService, 'summaryOf'>; recordings: Pick<RecordingsService, 'deleteOwn'> },
  signedIn: SignedInProcedures,
  anybody: AnybodyProcedures,
) {
  return {
    create: signedIn.sessions.create.handler(({ input, context }) =>
      sessions.create(context.user, input, context.playbackBase),
    ),
    update: signedIn.sessions.update.handler(({ input, context }) =>
      sessions.update(context.user, input, context.playbackBase),
    ),
    list: anybody.sessions.list.handler(({ input, context }) =>
      lists.list(context.user, input, context.playbackBase),
    ),
    get: anybody.sessions.get.handler(({ input, context }) =>
      sessions.get(context.user, input.id, context.playbackBase),
    ),
    end: signedIn.sessions.end.handler(async ({ input, context }) => {
      const { session, row } = await sessions.end(context.user, input, context.playbackBase);
      return { ...session, stats: await analytics.summaryOf(row) };
    }),
    deleteRecording: signedIn.sessions.deleteRecording.handler(({ input, context }) =>
      recordings.deleteOwn(context.user, input.id, context.playbackBase),
    ),
    health: signedIn.sessions.health.handler(async ({ input, context }) => ({
      health: await sessions.health(context.user, input.id),
    })),
  };
}

export function channelsRoutes(sessions: SessionsService, anybody: AnybodyProcedures) {
  return {
    get: anybody.channels.get.handler(({ input, context }) =>
      sessions.channel(context.user, input.username, context.playbackBase),
    ),
  };
}
