import {
  nextSeatState,
  stageLimits,
  takenSeatStates,
  type Seat,
  type SeatEvent,
  type SeatState,
} from '@maydan/contracts';
import type { DatabaseTransaction, Session, StageSeat, User } from '@maydan/prisma';

export type SeatRow = StageSeat & { user: Pick<User, 'id' | 'username' | 'displayName'> };
export const withUser = { user: { select: { id: true, username: true, displayName: true } } } as const;

export type SeatOutcome =
  | {
      readonly type: 'applied';
      /** False when the seat was in this state before. */
      readonly isChange: boolean;
      readonly seat: SeatRow;
      readonly before: SeatState | null;
    }
  /** The table has no way from here; null: there is no seat. */
  | { readonly type: 'refused'; readonly state: SeatState | null }
  | { readonly type: 'stageFull' }
  | { readonly type: 'tooManyRequests' };

/** For queries: a ban that holds now. */
export function banOf(sessionId: string, userId: string) {
  const holds = [{ expiresAt: null }, { expiresAt: { gt: new Date() } }];
  return { where: { sessionId, userId, OR: holds } };
}

/** Requests of a session that wait for the host's word; a crowd that asks mustn't fill the table. */
const maxRequested = 200;

/** Applies an event of the seat table. The session's row has to be locked by the transaction, so that limits hold. */
export async function applySeat(
  transaction: DatabaseTransaction,
  session: Pick<Session, 'id' | 'type'>,
  userId: string,
  event: SeatEvent,
): Promise<SeatOutcome> {
  const sessionId = session.id;
  const key = { sessionId_userId: { sessionId, userId } };
  const row = await transaction.stageSeat.findUnique({ where: key, include: withUser });
  const before = row?.state ?? null;
  const next = nextSeatState(before, event);
  if (next === null) return { type: 'refused', state: before };
  if (row !== null && next === before) return { type: 'applied', isChange: false, seat: row, before };
  const takes = isTaken(next) && !isTaken(before);
  // One place is the host's, whether the host is there or not.
  if (takes && (await countTaken(transaction, sessionId)) >= stageLimits[session.type] - 1) {
    return { type: 'stageFull' };
  }
  if (next === 'requested' && (await countRequested(transaction, sessionId)) >= maxRequested) {
    return { type: 'tooManyRequests' };
  }
  const seat = await transaction.stageSeat.upsert({
    where: key,
    create: { sessionId, userId, state: next },
    update: { state: next, changedAt: new Date() },
    include: withUser,
  });
  return { type: 'applied', isChange: true, seat, before };
}

export function isTaken(state: SeatState | null): boolean {
  return state !== null && takenSeatStates.includes(state);
}

function countTaken(transaction: DatabaseTransaction, sessionId: string): Promise<number> {
  return transaction.stageSeat.count({ where: { sessionId, state: { in: [...takenSeatStates] } } });
}

function countRequested(transaction: DatabaseTransaction, sessionId: string): Promise<number> {
  return transaction.stageSeat.count({ where: { sessionId, state: 'requested' } });
}

export function seatView(row: SeatRow): Seat {
  const { sessionId, user, state } = row;
  return {
    sessionId,
    user,
    state,
    createdAt: row.createdAt.toISOString(),
    changedAt: row.changedAt.toISOString(),
  };
}
