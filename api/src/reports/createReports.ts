import type { Database } from '@maydan/prisma';
import { MessagesRepo } from '../conversations/messages.repo.ts';
import { UsersRepo } from '../people/users.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { StatusesRepo } from '../statuses/statuses.repo.ts';
import { ReportsRepo } from './reports.repo.ts';
import { ReportsService, type ReportsDependencies } from './reports.service.ts';
import { ReportTargets } from './ReportTargets.ts';

export type ReportsParts = Omit<ReportsDependencies, 'reports' | 'targets'> & {
  readonly database: Database;
  readonly sessions: SessionsService;
};

/** The parts of reports, wired up. */
export function createReports(parts: ReportsParts): ReportsService {
  const { database, sessions } = parts;
  const reports = new ReportsRepo(database);
  const targets = new ReportTargets({
    ...{ reports, sessions, users: new UsersRepo(database) },
    ...{ messages: new MessagesRepo(database), statuses: new StatusesRepo(database) },
  });
  return new ReportsService({ ...parts, reports, targets });
}
