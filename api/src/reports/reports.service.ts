import { AppError, type Logger } from '@maydan/common';
import {
  auditAction,
  reportCategory,
  reportSnapshot,
  reportState,
  reportTargetKind,
  type AuditAction,
  type PublicUser,
  type Report,
  type ReportDetails,
  type ReportInput,
  type ReportListInput,
  type ReportPage,
} from '@maydan/contracts';
import type { Report as ReportRow, User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { moderates, requireRole } from '../identity/requireRole.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { ReportDecision, ReportsRepo } from './reports.repo.ts';
import type { ReportTargets } from './ReportTargets.ts';

export interface ReportsDependencies {
  readonly reports: ReportsRepo;
  readonly targets: ReportTargets;
  readonly limits: RateLimits;
  /** There is a cause of notifications. */
  readonly toldLater: () => void;
  readonly emitter: Pick<Emitter, 'emit'>;
  readonly logger: Logger;
}

/** The one room of those who are told of reports. */
export const allReports = 'all';

/** Reports (feature M3): people say what should not be here, moderators look at it and decide. */
export class ReportsService {
  readonly #deps: ReportsDependencies;

  constructor(dependencies: ReportsDependencies) {
    this.#deps = dependencies;
  }

  /**
   * With what is reported as it is now: it may be deleted later. While a report of the same person about the same thing is
   * open, that one is the answer. Throws `not_found` for what they don't see, `conflict` for what is theirs, `rate_limited`.
   */
  async create(reporter: User, { target, category, text }: ReportInput): Promise<Report> {
    const { reports, targets, limits, logger } = this.#deps;
    await limits.reports(reporter.id);
    const { userId, snapshot } = await targets.read(reporter, target.kind, target.id);
    if (userId === reporter.id) throw new AppError('conflict', 'This is your own.');
    const { row, isNew } = await reports.create({
      ...{ reporterId: reporter.id, targetKind: target.kind, targetId: target.id, targetUserId: userId },
      ...{ category, text, snapshot },
    });
    logger.info({ reportId: row.id, ...target, category }, 'reported');
    if (isNew) await this.#tell('report:created', row);
    return view(row);
  }

  /** Throws `forbidden`. */
  async list(moderator: User, input: ReportListInput): Promise<ReportPage> {
    requireRole(moderator, 'moderator', 'admin');
    const { cursor, limit, kind: targetKind, userId: targetUserId, state, category, assigneeId } = input;
    const after = cursor === undefined ? null : decodeCursor(cursor);
    const filter = { state, targetKind, category, targetUserId, assigneeId };
    const rows = await this.#deps.reports.list(filter, { after, take: limit + 1 });
    const { page, nextCursor } = pageOf(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }));
    return { items: await this.#details(page), nextCursor };
  }

  /** Throws `forbidden` and `not_found`. */
  async get(moderator: User, id: string): Promise<ReportDetails> {
    requireRole(moderator, 'moderator', 'admin');
    return this.#one(await this.#deps.reports.find(id));
  }

  /** Throws `forbidden`, `not_found`, `conflict` for somebody who moderates nothing, and `wrong_state` once it was decided. */
  async assign(moderator: User, { id, assigneeId }: { id: string; assigneeId: string | null }) {
    const known = await this.#findOpen(moderator, id);
    const assignee = assigneeId === null ? null : await this.#deps.reports.findUser(assigneeId);
    if (assigneeId !== null && (assignee === null || !moderates(assignee) || assignee.bannedAt !== null))
      throw new AppError('conflict', 'Only moderators look at reports.');
    const act = { ...actOn(moderator, known), action: 'report.assigned', details: { assigneeId } } as const;
    return this.#tell('report:changed', orDecided(await this.#deps.reports.assign(id, assigneeId, act)));
  }

  /** Throws `forbidden`, also for what is about oneself, `not_found`, and `wrong_state` once it was decided. */
  resolve(moderator: User, input: { id: string; action: AuditAction; note: string | null }) {
    const { id, action, note } = input;
    return this.#decide(moderator, id, { state: 'resolved', byId: moderator.id, action, note });
  }

  /** Throws as `resolve` does. */
  dismiss(moderator: User, { id, note }: { id: string; note: string | null }) {
    return this.#decide(moderator, id, { state: 'dismissed', byId: moderator.id, action: null, note });
  }

  deleteOld(now: Date): Promise<void> {
    return this.#deps.reports.deleteOld(now);
  }

  async #decide(moderator: User, id: string, decision: ReportDecision): Promise<ReportDetails> {
    const known = await this.#findOpen(moderator, id);
    if (known.targetUserId === moderator.id)
      throw new AppError('forbidden', 'Somebody else decides on what is about you.');
    const { state, action } = decision;
    const act = { ...actOn(moderator, known), action: `report.${state}`, details: { action } } as const;
    const row = orDecided(await this.#deps.reports.decide(id, decision, act));
    this.#deps.toldLater();
    return this.#tell('report:changed', row);
  }

  async #findOpen(moderator: User, id: string): Promise<ReportRow> {
    requireRole(moderator, 'moderator', 'admin');
    const known = await this.#deps.reports.find(id);
    if (known === null) throw new AppError('not_found');
    return known;
  }

  async #tell(event: 'report:created' | 'report:changed', row: ReportRow): Promise<ReportDetails> {
    const report = await this.#one(row);
    await this.#deps.emitter.emit(rooms.reports(allReports), event, { report });
    return report;
  }

  async #one(row: ReportRow | null): Promise<ReportDetails> {
    const [details] = await this.#details(row === null ? [] : [row]);
    if (details === undefined) throw new AppError('not_found');
    return details;
  }

  async #details(rows: readonly ReportRow[]): Promise<ReportDetails[]> {
    const ids = rows.flatMap((row) => [row.reporterId, row.targetUserId, row.assigneeId, row.decidedById]);
    const users = await this.#deps.reports.usersOf(ids);
    return rows.map((row) => detailsOf(row, (id) => users.get(id ?? '') ?? null));
  }
}

function orDecided(row: ReportRow | null): ReportRow {
  if (row === null) throw new AppError('wrong_state', 'The report was decided on already.');
  return row;
}

/** Whom a report concerns is not who made it. */
function actOn(moderator: User, { id, targetUserId: userId }: ReportRow) {
  return { actor: actorOf(moderator), target: { kind: 'report', id }, userId } as const;
}

function view({ id, targetKind, targetId, category, text, state, createdAt }: ReportRow): Report {
  return {
    ...{ id, text, createdAt: createdAt.toISOString() },
    target: { kind: reportTargetKind.parse(targetKind), id: targetId },
    category: reportCategory.parse(category),
    state: reportState.parse(state),
  };
}

function detailsOf(row: ReportRow, user: (id: string | null) => PublicUser | null): ReportDetails {
  return {
    ...view(row),
    reporter: user(row.reporterId),
    user: user(row.targetUserId),
    snapshot: reportSnapshot.parse(row.snapshot),
    assignee: user(row.assigneeId),
    decidedBy: user(row.decidedById),
    decidedAt: row.decidedAt?.toISOString() ?? null,
    action: auditAction.nullable().parse(row.action),
    note: row.note,
  };
}
