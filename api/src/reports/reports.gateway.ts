import { requireRole } from '../identity/requireRole.ts';
import type { CurrentUser, Handlers, RoomGuard } from '../realtime/gateway.ts';
import { allReports, type ReportsService } from './reports.service.ts';

/** Hearing of reports over sockets. */
export const reportsHandlers: Pick<Handlers, 'reports:subscribe' | 'reports:unsubscribe'> = {
  'reports:subscribe': async (_input, client) => {
    await client.follow('reports', allReports);
    return {};
  },
  'reports:unsubscribe': async (_input, client) => {
    await client.unfollow('reports', allReports);
    return {};
  },
};

/** Reporting over sockets. */
export function reportActHandlers(
  reports: Pick<ReportsService, 'create'>,
  current: CurrentUser,
): Pick<Handlers, 'report:create'> {
  return {
    'report:create': async (input, client) => ({
      report: await reports.create(await current(client), input),
    }),
  };
}

/** Moderators and admins. A change of the role has all connections of the user come back, and this is asked again. */
export const reportsGuard: RoomGuard = (_id, user) => {
  requireRole(user ?? { role: 'user' }, 'moderator', 'admin');
  return Promise.resolve();
};
