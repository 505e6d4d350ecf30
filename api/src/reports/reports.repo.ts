import {
  newId,
  type Prisma,
  type Database,
  type DatabaseTransaction,
  type Report,
  type User,
} from '@maydan/prisma';
import { writeAudit, type Act } from '../audit/audit.repo.ts';
import { notify } from '../notifications/causes.repo.ts';
import { reportNotice } from '../moderation/notices.ts';
import { publicFields, type PageWish } from '../people/listed.ts';

export type NewReport = Pick<
  Report,
  'reporterId' | 'targetKind' | 'targetId' | 'targetUserId' | 'category' | 'text'
> & { readonly snapshot: Prisma.InputJsonObject };

export interface ReportFilter {
  readonly state: string;
  readonly targetKind?: string | undefined;
  readonly category?: string | undefined;
  readonly targetUserId?: string | undefined;
  readonly assigneeId?: string | undefined;
}

export interface ReportDecision {
  readonly state: 'resolved' | 'dismissed';
  readonly byId: string;
  readonly action: string | null;
  readonly note: string | null;
}

const keptMs = 180 * 86_400_000;

/** Reports in PostgreSQL. */
export class ReportsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The open report of this reporter and target: this one, which is new, or the one that was made before. */
  async create(report: NewReport): Promise<{ readonly row: Report; readonly isNew: boolean }> {
    const { reporterId, targetKind, targetId } = report;
    const openKey = `${reporterId}:${targetKind}:${targetId}`;
    const data = [{ ...report, id: newId(), openKey }];
    for (;;) {
      const [made] = await this.#database.report.createManyAndReturn({ data, skipDuplicates: true });
      const known = made ?? (await this.#database.report.findUnique({ where: { openKey } }));
      // Null: it was decided in between.
      if (known !== null) return { row: known, isNew: made !== undefined };
    }
  }

  find(id: string): Promise<Report | null> {
    return this.#database.report.findUnique({ where: { id } });
  }

  /** The oldest first. */
  list(filter: ReportFilter, { after, take }: PageWish): Promise<Report[]> {
    const wanted = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
    const position = after === null ? {} : { id: { gt: after.id } };
    return this.#database.report.findMany({
      where: { AND: [wanted, position] },
      orderBy: { id: 'asc' },
      take,
    });
  }

  /** Null: it isn't open any more. */
  assign(id: string, assigneeId: string | null, act: Act): Promise<Report | null> {
    return this.#change(id, { assigneeId }, act);
  }

  /** With the word to the reporter. Null: it isn't open any more. */
  decide(id: string, { state, byId, action, note }: ReportDecision, act: Act): Promise<Report | null> {
    const data = { state, decidedById: byId, decidedAt: new Date(), action, note, openKey: null };
    return this.#change(id, data, act, async (transaction, row) => {
      if (row.reporterId === null) return;
      await notify(transaction, reportNotice({ id, reporterId: row.reporterId, state }));
    });
  }

  async usersOf(ids: readonly (string | null)[]) {
    const known = [...new Set(ids.filter((id) => id !== null))];
    const users = await this.#database.user.findMany({ where: { id: { in: known } }, ...publicFields });
    return new Map(users.map((user) => [user.id, user]));
  }

  /** Null when there is none, or the account was deleted. */
  findUser(id: string): Promise<User | null> {
    return this.#database.user.findUnique({ where: { id, deletedAt: null } });
  }

  chatMessage(id: string) {
    return this.#database.chatMessage.findUnique({ where: { id, deletedAt: null } });
  }

  /** Removes what was decided long ago. */
  async deleteOld(now: Date): Promise<void> {
    const decidedAt = { lt: new Date(now.getTime() - keptMs) };
    await this.#database.report.deleteMany({ where: { decidedAt } });
  }

  #change(
    id: string,
    data: Prisma.ReportUpdateManyMutationInput,
    act: Act,
    more?: (transaction: DatabaseTransaction, row: Report) => Promise<void>,
  ): Promise<Report | null> {
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.report.updateMany({ where: { id, state: 'open' }, data });
      if (count === 0) return null;
      const row = await transaction.report.findUniqueOrThrow({ where: { id } });
      await writeAudit(transaction, act);
      await more?.(transaction, row);
      return row;
    });
  }
}
