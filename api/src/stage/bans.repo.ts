import type { Database, DatabaseTransaction, SessionBan, User } from '@maydan/prisma';
import type { Also } from '../audit/audit.repo.ts';
import { requireGiver } from '../moderation/givers.repo.ts';
import { withTraces } from '../moderation/traces/banTraceViews.ts';
import type { BanTrace } from '../moderation/traces/traces.repo.ts';
import { lockSession } from '../sessions/sessions.repo.ts';
import { applySeat, banOf, withUser, type SeatOutcome } from './seatRows.ts';

export type BanRow = SessionBan & {
  user: Pick<User, 'id' | 'username' | 'displayName'>;
  traces: Pick<BanTrace, 'kind' | 'expiresAt'>[];
};

/** A ban, and the playback of its session. */
export type EnforcedBan = SessionBan & { readonly playbackId: string };

const atOnce = 100;
/** Whoever bans has done the rest by then, unless they are gone. */
const enforcingMs = 5_000;

const withAll = { ...withUser, traces: withTraces } as const;

/** Bans from sessions in PostgreSQL. */
export class BansRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async isBanned(sessionId: string, userId: string): Promise<boolean> {
    return (await this.#database.sessionBan.count(banOf(sessionId, userId))) > 0;
  }

  /**
   * Bans and takes the seat in one go, with `also`; again it changes nothing, unless it lasts longer than before: then it throws
   * as `requireGiver` does.
   */
  create(
    actor: User,
    sessionId: string,
    userId: string,
    {
      traces,
      ...by
    }: Pick<SessionBan, 'byId' | 'reason' | 'expiresAt'> & { readonly traces: readonly BanTrace[] },
    also: Also,
  ): Promise<{ ban: BanRow; isNew: boolean; seat: SeatOutcome }> {
    return this.#database.$transaction(async (transaction) => {
      await lockSession(transaction, sessionId);
      const session = await transaction.session.findUniqueOrThrow({ where: { id: sessionId } });
      const before = await transaction.sessionBan.findFirst({
        ...banOf(sessionId, userId),
        include: withAll,
      });
      const key = { sessionId_userId: { sessionId, userId } };
      const isNew = before === null || lastsLonger(by.expiresAt, before.expiresAt);
      if (isNew) await requireGiver(transaction, actor, before);
      // One that is over makes room; one that lasts longer keeps its devices and addresses, unless it has others.
      const isAnew = before === null || (isNew && traces.length > 0);
      if (isAnew) await transaction.sessionBan.deleteMany({ where: { sessionId, userId } });
      const data = { sessionId, userId, ...by, traces: { create: [...traces] } };
      const ban = isAnew
        ? await transaction.sessionBan.create({ data, include: withAll })
        : isNew
          ? await transaction.sessionBan.update({
              where: key,
              data: { ...by, createdAt: new Date(), enforcedAt: null },
              include: withAll,
            })
          : before;
      if (isNew) await also(transaction);
      return { ban, isNew, seat: await applySeat(transaction, session, userId, 'removed') };
    });
  }

  /** Bans of which a crash has left something to be done. */
  async unenforced(now: Date): Promise<EnforcedBan[]> {
    const where = { enforcedAt: null, createdAt: { lt: new Date(now.getTime() - enforcingMs) } };
    const include = { session: { select: { playbackId: true } } };
    const rows = await this.#database.sessionBan.findMany({ where, take: atOnce, include });
    return rows.map(({ session, ...ban }) => ({ ...ban, ...session }));
  }

  /** All that follows from a ban was done. */
  async enforced({ sessionId, userId, createdAt }: SessionBan): Promise<void> {
    const where = { sessionId, userId, createdAt, enforcedAt: null };
    await this.#database.sessionBan.updateMany({ where, data: { enforcedAt: new Date() } });
  }

  /** Those that go with a ban; the ban stays. False when there were none. Throws as `requireGiver` does. */
  clearTraces(actor: User, sessionId: string, userId: string, also: Also): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      await requireGiverOf(transaction, actor, sessionId, userId);
      const { count } = await transaction.sessionBanTrace.deleteMany({ where: { sessionId, userId } });
      if (count > 0) await also(transaction);
      return count > 0;
    });
  }

  list(sessionId: string): Promise<BanRow[]> {
    return this.#database.sessionBan.findMany({
      where: { sessionId, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] },
      orderBy: [{ createdAt: 'desc' }, { userId: 'asc' }],
      take: 1_000,
      include: withAll,
    });
  }

  /** False when there was none. Throws as `requireGiver` does. */
  remove(actor: User, sessionId: string, userId: string, also: Also): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      await requireGiverOf(transaction, actor, sessionId, userId);
      const { count } = await transaction.sessionBan.deleteMany({ where: { sessionId, userId } });
      if (count > 0) await also(transaction);
      return count > 0;
    });
  }
}

/** Until the transaction ends, nobody else bans from the session. */
async function requireGiverOf(
  transaction: DatabaseTransaction,
  actor: User,
  sessionId: string,
  userId: string,
): Promise<void> {
  await lockSession(transaction, sessionId);
  await requireGiver(transaction, actor, await transaction.sessionBan.findFirst(banOf(sessionId, userId)));
}

/** Null: until it is lifted. */
function lastsLonger(one: Date | null, other: Date | null): boolean {
  return other !== null && (one === null || one > other);
}
