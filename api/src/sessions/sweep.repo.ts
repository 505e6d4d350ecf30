import type { Database, Session } from '@maydan/prisma';
import { jobStates, onAirStates } from './controlDocument.ts';

const dayMs = 24 * 3_600_000;
/** So soon a worker has mostly removed a recording; later it is asked again. */
const removalMs = 30_000;

/** What the sweep looks for. Bounded, so that one round never takes long; the next round goes on. */
export class SweepRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Sessions whose job has something to do, the longest unchanged first, with whether their host is banned. */
  async open(): Promise<(Session & { hostBanned: boolean })[]> {
    const rows = await this.#database.session.findMany({
      where: { state: { in: [...jobStates] } },
      orderBy: { stateChangedAt: 'asc' },
      take: 5_000,
      include: { host: { select: { bannedAt: true } } },
    });
    return rows.map(({ host, ...row }) => ({ ...row, hostBanned: host.bannedAt !== null }));
  }

  /** Sessions that aren't over and on whose stage somebody sends. */
  onStage(): Promise<Session[]> {
    return this.#database.session.findMany({
      where: { state: { in: ['idle', ...onAirStates] }, stageNodes: { some: { isOn: true } } },
      take: 5_000,
    });
  }

  /** Prepared sessions that nobody published to until a day after they were due. */
  async neverStarted(now: Date): Promise<string[]> {
    const before = new Date(now.getTime() - dayMs);
    const rows = await this.#database.session.findMany({
      where: {
        state: 'idle',
        createdAt: { lt: before },
        OR: [{ scheduledStartAt: null }, { scheduledStartAt: { lt: before } }],
        AND: { OR: [{ authorizedAt: null }, { authorizedAt: { lt: before } }] },
      },
      select: { id: true },
      take: 500,
    });
    return rows.map((row) => row.id);
  }

  /** Recordings that somebody had deleted a while ago and of which something may be stored. */
  unremoved(now: Date): Promise<Session[]> {
    const recordingDeletedAt = { lt: new Date(now.getTime() - removalMs) };
    return this.#database.session.findMany({
      where: { recordingDeletedAt, mediaRemovedAt: null },
      orderBy: { recordingDeletedAt: 'asc' },
      take: 100,
    });
  }

  /** Recordings of the last day that still have no poster a while after their end. */
  withoutImages(now: Date): Promise<Session[]> {
    return this.#database.session.findMany({
      where: {
        state: { in: ['ended', 'failed'] },
        recorded: true,
        posterPath: null,
        endedAt: { gt: new Date(now.getTime() - dayMs), lt: new Date(now.getTime() - 120_000) },
      },
      take: 100,
    });
  }
}
