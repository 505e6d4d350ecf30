import { oc } from '@orpc/contract';
import {
  creatorExportInput,
  creatorStats,
  creatorStatsInput,
  csvFile,
  platformExportInput,
  platformStats,
  platformStatsInput,
  sessionStats,
  sessionStatsInput,
  sessionSummary,
} from './analytics.ts';
import { byId, route } from './route.ts';

const tag = 'Analytics';
/** A route that answers a file of CSV. */
const csvRoute = (path: `/${string}`, summary: string) =>
  oc.route({
    ...{ method: 'GET', path, tags: [tag], summary },
    spec: (operation) => ({
      ...operation,
      responses: {
        ...operation.responses,
        200: { description: 'CSV', content: { 'text/csv': { schema: { type: 'string' } } } },
      },
    }),
  });

export const analyticsContract = {
  mine: route(
    'GET',
    '/me/analytics',
    tag,
    'What happened to oneself as a creator, by day, week, month or year',
  )
    .input(creatorStatsInput)
    .output(creatorStats),
  exportMine: csvRoute('/me/analytics/export', 'The same, one’s sessions, or gifts received, as CSV')
    .input(creatorExportInput)
    .output(csvFile),
  session: route(
    'GET',
    '/sessions/{id}/analytics',
    tag,
    'How a session was watched, for its host and moderators',
  )
    .input(sessionStatsInput)
    .output(sessionStats),
  summary: route(
    'GET',
    '/sessions/{id}/stats',
    tag,
    'What a session has come to so far, or came to, for its host and moderators',
  )
    .input(byId)
    .output(sessionSummary),
  platform: route('GET', '/admin/analytics', tag, 'What happened on the platform, for admins')
    .input(platformStatsInput)
    .output(platformStats),
  exportPlatform: csvRoute(
    '/admin/analytics/export',
    'The same, all sessions, deposits or withdrawals, as CSV, for admins',
  )
    .input(platformExportInput)
    .output(csvFile),
};
