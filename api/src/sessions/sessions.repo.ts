import { nextState, statesAllowing, type SessionEvent, type SessionState } from '@maydan/contracts';
import {
  newSecret,
  type Database,
  type DatabaseTransaction,
  type Prisma,
  type Session,
  type SessionAudience,
  type User,
} from '@maydan/prisma';
import type { Also } from '../audit/audit.repo.ts';
import { liveCause, streamCause } from '../notifications/causes.ts';
import { notify } from '../notifications/causes.repo.ts';
import { jobStates, onAirStates } from './controlDocument.ts';
import type { SourceChange } from './sources.ts';

export type SessionRow = Session & {
  host: Pick<User, 'id' | 'username' | 'displayName' | 'role' | 'bannedAt'>;
  audience: Omit<SessionAudience, 'sketch'> | null;
};

export interface Transition {
  /** More that must hold of the row. */
  readonly where?: Prisma.SessionWhereInput;
  /** What else is written with the new state. */
  readonly data?: (next: SessionState) => Prisma.SessionUpdateManyMutationInput;
  /** Written in the same transaction, once the session has changed. */
  readonly also?: (transaction: DatabaseTransaction, id: string) => Promise<void>;
}

/** What a `SessionRow` has beside the session. */
export const withPeople = {
  host: { select: { id: true, username: true, displayName: true, role: true, bannedAt: true } },
  audience: { omit: { sketch: true } },
} as const;

/** For queries: a publish was permitted, by RTMP or WHIP. */
const permitted = { OR: [{ epoch: { gt: 0 } }, { whipPeerId: { not: null } }] };

/** Sessions in PostgreSQL. States change only by the state table, in one conditional UPDATE each. */
export class SessionsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** `also` is written with it. */
  create(
    data: Omit<Prisma.SessionUncheckedCreateInput, 'playbackId'>,
    also: (transaction: DatabaseTransaction, row: SessionRow) => Promise<void>,
  ): Promise<SessionRow> {
    return this.#database.$transaction(async (transaction) => {
      const row = await transaction.session.create({
        data: { ...data, playbackId: newPlaybackId() },
        include: withPeople,
      });
      await also(transaction, row);
      return row;
    });
  }

  find(id: string): Promise<SessionRow | null> {
    return this.#database.session.findUnique({ where: { id }, include: withPeople });
  }

  countIdle(hostId: string): Promise<number> {
    return this.#database.session.count({ where: { hostId, state: 'idle' } });
  }

  /** Null when the row doesn't exist or `where` doesn't hold. `also` is written with it. */
  async update(
    id: string,
    data: Prisma.SessionUpdateManyMutationInput,
    where: Prisma.SessionWhereInput = {},
    also?: Also,
  ): Promise<SessionRow | null> {
    const write = async (database: Pick<DatabaseTransaction, 'session'>): Promise<boolean> =>
      (await database.session.updateMany({ where: { ...where, id }, data })).count > 0;
    const isChanged =
      also === undefined
        ? await write(this.#database)
        : await this.#database.$transaction(async (transaction) => {
            if (!(await write(transaction))) return false;
            await also(transaction);
            return true;
          });
    return isChanged ? this.find(id) : null;
  }

  /** Applies an event of the state table; null when the table or `where` refuses it. Of concurrent calls each counts once. */
  async transition(id: string, event: SessionEvent, change: Transition = {}): Promise<SessionRow | null> {
    const { also } = change;
    const isChanged =
      also === undefined
        ? await step(this.#database, id, event, change)
        : await this.#database.$transaction(async (transaction) => {
            if (!(await step(transaction, id, event, change))) return false;
            await also(transaction, id);
            return true;
          });
    return isChanged ? this.find(id) : null;
  }

  /**
   * Applies a decision about the session's source; null when it is that nothing changes. Decisions about a session are made
   * one after the other. `more` is written with it.
   */
  changeSource(
    id: string,
    decide: (row: Session) => SourceChange | null,
    more: (event: SourceChange['event'], row: Session) => Prisma.SessionUpdateManyMutationInput,
  ): Promise<SessionRow | null> {
    return this.#database.$transaction(async (transaction) => {
      await lockSession(transaction, id);
      const row = await transaction.session.findUnique({ where: { id } });
      const change = row === null ? null : decide(row);
      if (row === null || change === null) return null;
      const { event, data } = change;
      const next = event === null ? row.state : nextState(row.state, event);
      if (next === null) return null;
      const state = event === null ? {} : { state: next, stateChangedAt: new Date() };
      return transaction.session.update({
        where: { id },
        data: { ...data, ...more(event, row), ...state },
        include: withPeople,
      });
    });
  }

  findHost(username: string): Promise<User | null> {
    return this.#database.user.findUnique({ where: { usernameKey: username.toLowerCase() } });
  }

  /** The newest listed session of a host that is on air (also before its first part), or was recorded. */
  newest(hostId: string, kind: 'onAir' | 'recording'): Promise<SessionRow | null> {
    const states = kind === 'onAir' ? { state: { in: [...onAirStates] } } : recordings;
    return this.#database.session.findFirst({
      where: { hostId, visibility: 'public', ...states },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      include: withPeople,
    });
  }

  /** Sessions whose newest publish was authorised with the key and that may still have it on the line. */
  openByStreamKey(streamKeyId: string): Promise<Session[]> {
    return this.#database.session.findMany({
      where: { streamKeyId, state: { in: ['idle', ...onAirStates] }, ...permitted },
    });
  }

  /** Those of the ids that belong to sessions that are over. */
  async overAmong(ids: string[]): Promise<string[]> {
    const rows = await this.#database.session.findMany({
      where: { id: { in: ids }, state: { in: ['ending', 'ended', 'failed'] } },
      select: { id: true },
    });
    return rows.map((row) => row.id);
  }

  /** Those of a host that aren't over: their rooms may have people in them. */
  async openOf(hostId: string): Promise<string[]> {
    const rows = await this.#database.session.findMany({
      where: { hostId, state: { in: ['idle', ...jobStates] } },
      select: { id: true },
    });
    return rows.map((row) => row.id);
  }

  /** Those of a host that a publisher is on the line of, or may come back to. */
  onAirOf(hostId: string): Promise<Session[]> {
    return this.#database.session.findMany({ where: { hostId, state: { in: [...onAirStates] } } });
  }

  /** On air, or with somebody who may be about to publish. */
  openedOf(hostId: string): Promise<Session[]> {
    const states = [{ state: { in: [...onAirStates] } }, { state: 'idle', ...permitted } as const];
    return this.#database.session.findMany({ where: { hostId, OR: states } });
  }

  async countByState(): Promise<Map<SessionState, number>> {
    const states: SessionState[] = ['idle', ...jobStates];
    const rows = await this.#database.session.groupBy({
      by: ['state'],
      where: { state: { in: states } },
      _count: true,
    });
    const counts = new Map(rows.map((row) => [row.state, row._count]));
    return new Map(states.map((state) => [state, counts.get(state) ?? 0]));
  }
}

/** Until the transaction ends, others that lock the session wait; rows that refer to it may be added meanwhile. */
export async function lockSession(transaction: DatabaseTransaction, id: string): Promise<void> {
  await transaction.$queryRaw`SELECT 1 AS locked FROM "Session" WHERE "id" = ${id}::uuid FOR NO KEY UPDATE`;
}

/** Those who want to be reminded of it are to be told that it is live, and the followers of the host, if all may find it. */
export async function tellLive(transaction: DatabaseTransaction, id: string): Promise<void> {
  const session = await transaction.session.findUnique({ where: { id } });
  if (session === null) return;
  const wish = await transaction.sessionReminder.findFirst({ where: { sessionId: id } });
  if (wish !== null) await notify(transaction, liveCause(session));
  if (session.visibility === 'public') await notify(transaction, streamCause(session));
}

/** Whether an event of the state table changed the session. */
async function step(
  database: Pick<DatabaseTransaction, 'session'>,
  id: string,
  event: SessionEvent,
  change: Transition,
): Promise<boolean> {
  for (const [next, from] of targets(event)) {
    const { count } = await database.session.updateMany({
      where: { ...change.where, id, AND: { state: { in: from } } },
      data: { ...change.data?.(next), state: next, stateChangedAt: new Date() },
    });
    if (count > 0) return true;
  }
  return false;
}

export function newPlaybackId(): string {
  return newSecret(24).toLowerCase();
}

/** Next state → the states from which the event leads there. */
function targets(event: SessionEvent): Map<SessionState, SessionState[]> {
  const result = new Map<SessionState, SessionState[]>();
  for (const from of statesAllowing(event)) {
    const next = nextState(from, event);
    if (next !== null) result.set(next, [...(result.get(next) ?? []), from]);
  }
  return result;
}

const recordings = {
  state: { in: ['ended', 'failed'] },
  recorded: true,
  hiddenAt: null,
} satisfies Prisma.SessionWhereInput;
