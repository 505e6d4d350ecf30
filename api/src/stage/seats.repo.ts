import { openSeatStates, takenSeatStates, type SeatEvent } from '@maydan/contracts';
import type { Database, User } from '@maydan/prisma';
import { isOver } from '../sessions/controlDocument.ts';
import { writeAudit, type Act, type Also } from '../audit/audit.repo.ts';
import { eitherBlocksIn, lockPair } from '../people/blocks.repo.ts';
import { lockSession } from '../sessions/sessions.repo.ts';
import { InTurn } from '../limits/InTurn.ts';
import { applySeat, banOf, withUser, type SeatOutcome, type SeatRow } from './seatRows.ts';

export type SeatAnswer = SeatOutcome | { readonly type: 'over' | 'banned' | 'blocked' };

/** Words by which somebody comes nearer to the stage; not for those who are banned, or whom a block hides. */
const inward: readonly SeatEvent[] = ['requested', 'invited', 'admitted', 'accepted'];

/** Seats on stage in PostgreSQL. Changes of a session's seats are made one after the other. */
export class SeatsRepo {
  readonly #database: Database;
  readonly #turns = new InTurn();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Throws `overloaded` when a crowd asks at once. A crowd of one session holds one database connection at most. */
  apply(sessionId: string, userId: string, event: SeatEvent, also?: Also): Promise<SeatAnswer> {
    return this.#turns.run(sessionId, () => this.#apply(sessionId, userId, event, also));
  }

  #apply(sessionId: string, userId: string, event: SeatEvent, also?: Also): Promise<SeatAnswer> {
    return this.#database.$transaction(async (transaction) => {
      await lockSession(transaction, sessionId);
      const session = await transaction.session.findUnique({ where: { id: sessionId } });
      if (session === null || isOver(session.state)) return { type: 'over' };
      if (inward.includes(event)) {
        const banned = await transaction.sessionBan.count(banOf(sessionId, userId));
        if (banned > 0) return { type: 'banned' };
        await lockPair(transaction, session.hostId, userId);
        if (await eitherBlocksIn(transaction, session.hostId, userId)) return { type: 'blocked' };
      }
      const outcome = await applySeat(transaction, session, userId, event);
      if (outcome.type === 'applied' && outcome.isChange) await also?.(transaction);
      return outcome;
    });
  }

  /** Of what the database doesn't keep the audit log knows alone. */
  write(act: Act): Promise<void> {
    return writeAudit(this.#database, act);
  }

  find(sessionId: string, userId: string): Promise<SeatRow | null> {
    return this.#database.stageSeat.findUnique({
      where: { sessionId_userId: { sessionId, userId } },
      include: withUser,
    });
  }

  /** Those that somebody has to do with, the longest unchanged first; or the taken ones alone. */
  list(sessionId: string, which: 'open' | 'taken'): Promise<SeatRow[]> {
    const states = which === 'open' ? openSeatStates : takenSeatStates;
    return this.#database.stageSeat.findMany({
      where: { sessionId, state: { in: [...states] } },
      orderBy: [{ changedAt: 'asc' }, { userId: 'asc' }],
      include: withUser,
    });
  }

  /** Sessions of a host in which the user has an open seat. */
  async openWith(hostId: string, userId: string): Promise<string[]> {
    const rows = await this.#database.stageSeat.findMany({
      where: { userId, state: { in: [...openSeatStates] }, session: { hostId } },
      select: { sessionId: true },
    });
    return rows.map((row) => row.sessionId);
  }

  /** Sessions in which the user has an open seat. */
  async openOf(userId: string): Promise<string[]> {
    const rows = await this.#database.stageSeat.findMany({
      where: {
        userId,
        state: { in: [...openSeatStates] },
        session: { state: { notIn: ['ended', 'failed'] } },
      },
      select: { sessionId: true },
    });
    return rows.map((row) => row.sessionId);
  }

  findUser(whom: { userId: string } | { username: string }): Promise<User | null> {
    return this.#database.user.findUnique({
      where: 'userId' in whom ? { id: whom.userId } : { usernameKey: whom.username.toLowerCase() },
    });
  }
}
