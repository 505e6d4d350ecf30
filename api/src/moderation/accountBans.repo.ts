import type { Role } from '@maydan/contracts';
import type { AccountBan, Database, DatabaseTransaction, User } from '@maydan/prisma';
import { audited, writeAudit, type Act, type Also } from '../audit/audit.repo.ts';
import { requireGiver } from './givers.repo.ts';
import { withTraces } from './traces/banTraceViews.ts';
import type { BanTrace } from './traces/traces.repo.ts';

const atOnce = 100;

export type AccountBanRow = AccountBan & { traces: Pick<BanTrace, 'kind' | 'expiresAt'>[] };

/** Bans of accounts in PostgreSQL: `User.bannedAt` is what everything goes by, a row here says why and until when. */
export class AccountBansRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  find(userId: string): Promise<AccountBanRow | null> {
    return this.#database.accountBan.findUnique({ where: { userId }, include: { traces: withTraces } });
  }

  /** Those that go with a ban; the ban stays. False when there were none. Throws as `requireGiver` does. */
  clearTraces(actor: User, userId: string, act: Act): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      await lockUser(transaction, userId);
      await requireGiver(transaction, actor, await transaction.accountBan.findUnique({ where: { userId } }));
      const { count } = await transaction.accountBanTrace.deleteMany({ where: { userId } });
      if (count > 0) await writeAudit(transaction, act);
      return count > 0;
    });
  }

  /**
   * In place of an earlier one. Null when the account was deleted meanwhile, or has another role than the one for which the
   * ban was allowed: so that no admin is ever banned, nor the last one. Throws as `requireGiver` does.
   */
  ban(
    actor: User,
    data: Pick<AccountBan, 'userId' | 'byId' | 'reason' | 'expiresAt'> & {
      readonly traces: readonly BanTrace[];
    },
    role: Role,
    act: Act,
  ): Promise<AccountBanRow | null> {
    const { userId, traces, ...rest } = data;
    return this.#database.$transaction(async (transaction) => {
      const now = new Date();
      const where = { id: userId, deletedAt: null, role };
      // Also of who is banned already: whoever changes a ban of the same account waits here.
      const { count } = await transaction.user.updateMany({ where, data: { bannedAt: now } });
      if (count === 0) return null;
      await requireGiver(transaction, actor, await transaction.accountBan.findUnique({ where: { userId } }));
      const row = await transaction.accountBan.upsert({
        where: { userId },
        create: { userId, ...rest, createdAt: now, traces: { create: [...traces] } },
        update: {
          ...rest,
          createdAt: now,
          enforcedAt: null,
          traces: { deleteMany: {}, create: [...traces] },
        },
        include: { traces: withTraces },
      });
      await writeAudit(transaction, act);
      return row;
    });
  }

  /** False when there was none. Throws as `requireGiver` does. */
  unban(actor: User, userId: string, act: Act): Promise<boolean> {
    return this.#lift(userId, audited(act), {}, actor);
  }

  /** Lifts what is over. Those whom it concerned. */
  async liftExpired(now: Date): Promise<string[]> {
    const where = { expiresAt: { lte: now } };
    const rows = await this.#database.accountBan.findMany({ where, take: atOnce, select: { userId: true } });
    const lifted: string[] = [];
    for (const { userId } of rows) {
      const target = { kind: 'user', id: userId } as const;
      const act = {
        actor: null,
        action: 'user.unbanned',
        target,
        userId,
        details: { expired: true },
      } as const;
      if (await this.#lift(userId, audited(act), where)) lifted.push(userId);
    }
    return lifted;
  }

  /** Bans of which something is left to be done. */
  unenforced(): Promise<AccountBan[]> {
    return this.#database.accountBan.findMany({ where: { enforcedAt: null }, take: atOnce });
  }

  /** All that follows from a ban was done. */
  async enforced({ userId, createdAt }: AccountBan): Promise<void> {
    const where = { userId, createdAt, enforcedAt: null };
    await this.#database.accountBan.updateMany({ where, data: { enforcedAt: new Date() } });
  }

  #lift(userId: string, also: Also, where: { expiresAt?: { lte: Date } }, actor?: User): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const banned = { id: userId, deletedAt: null, bannedAt: { not: null } };
      await lockUser(transaction, userId);
      if (actor !== undefined)
        await requireGiver(
          transaction,
          actor,
          await transaction.accountBan.findUnique({ where: { userId } }),
        );
      const ban = await transaction.accountBan.deleteMany({ where: { userId, ...where } });
      if (ban.count === 0 && where.expiresAt !== undefined) return false;
      const { count } = await transaction.user.updateMany({ where: banned, data: { bannedAt: null } });
      if (count > 0) await also(transaction);
      return count > 0;
    });
  }
}

/** First, as a ban does: whoever changes a ban of the same account waits. */
async function lockUser(transaction: DatabaseTransaction, userId: string): Promise<void> {
  await transaction.$queryRaw`SELECT 1 AS "one" FROM "User" WHERE "id" = ${userId}::uuid FOR UPDATE`;
}
