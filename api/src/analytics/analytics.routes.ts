import type { RequestContext, SignedInProcedures } from '../http/context.ts';
import type { AnalyticsService, CsvFile } from './analytics.service.ts';

export function analyticsRoutes(analytics: AnalyticsService, { analytics: mine }: SignedInProcedures) {
  return {
    mine: mine.mine.handler(({ input, context }) => analytics.creator(context.user, input)),
    exportMine: mine.exportMine.handler(async ({ input, context }) =>
      sendFile(context, await analytics.exportCreator(context.user, input)),
    ),
    session: mine.session.handler(({ input, context }) => analytics.session(context.user, input)),
    summary: mine.summary.handler(({ input, context }) => analytics.summary(context.user, input.id)),
    platform: mine.platform.handler(({ input, context }) => analytics.platform(context.user, input)),
    exportPlatform: mine.exportPlatform.handler(async ({ input, context }) =>
      sendFile(context, await analytics.exportPlatform(context.user, input)),
    ),
  };
}

/** Names are of our making: ASCII, without quotes. */
function sendFile({ setHeader }: RequestContext, { name, stream }: CsvFile): ReadableStream {
  setHeader('content-type', 'text/csv; charset=utf-8');
  setHeader('content-disposition', `attachment; filename="${name}"`);
  return stream;
}
