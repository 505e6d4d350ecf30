import type { Database, SessionBan, User } from '@maydan/prisma';
import { lockSession } from '../sessions/sessions.repo.ts';
import { applySeat, withUser, type SeatOutcome } from './seatRows.ts';

export type BanRow = SessionBan & { user: Pick<User, 'id' | 'username' | 'displayName'> };

/** Bans from sessions in PostgreSQL. */
export class BansRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async isBanned(sessionId: string, userId: string): Promise<boolean> {
    return (await this.#database.sessionBan.count({ where: { sessionId, userId } })) > 0;
  }

  /** Bans and takes the seat in one go; again it changes nothing. */
  create(
    sessionId: string,
    userId: string,
    by: { byId: string; reason: string | null },
  ): Promise<{ ban: BanRow; seat: SeatOutcome }> {
    return this.#database.$transaction(async (transaction) => {
      await lockSession(transaction, sessionId);
      const session = await transaction.session.findUniqueOrThrow({ where: { id: sessionId } });
      const ban = await transaction.sessionBan.upsert({
        where: { sessionId_userId: { sessionId, userId } },
        create: { sessionId, userId, ...by },
        update: {},
        include: withUser,
      });
      return { ban, seat: await applySeat(transaction, session, userId, 'removed') };
    });
  }

  list(sessionId: string): Promise<BanRow[]> {
    return this.#database.sessionBan.findMany({
      where: { sessionId },
      orderBy: [{ createdAt: 'desc' }, { userId: 'asc' }],
      take: 1_000,
      include: withUser,
    });
  }

  /** False when there was none. */
  async remove(sessionId: string, userId: string): Promise<boolean> {
    const { count } = await this.#database.sessionBan.deleteMany({ where: { sessionId, userId } });
    return count > 0;
  }
}
