import { AppError } from '@maydan/common';
import type { AccountExport, Database } from '@maydan/prisma';
import { behind, type PageWish } from '../people/listed.ts';

const dayMs = 86_400_000;
/** A user asks for so many in 24 hours. */
const dailyExports = 3;
/** Until then the storage may still take what one that was given up had sent. */
const leftoversMs = 600_000;

/** Exports in PostgreSQL. Only the newest run of a job changes one, and only while it is waiting. */
export class ExportsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Throws `conflict` while one is waiting, `rate_limited` after three in a day, also at once; `token_invalid` when the
   * account was closed meanwhile. The user's row is locked, so that nothing is made behind the back of its erasure.
   */
  create(userId: string, now: Date): Promise<AccountExport> {
    return this.#database.$transaction(async (transaction) => {
      const users = await transaction.$queryRaw<{ id: string }[]>`
        SELECT "id" FROM "User" WHERE "id" = ${userId}::uuid AND "deletedAt" IS NULL FOR NO KEY UPDATE`;
      if (users.length === 0) throw new AppError('token_invalid');
      const since = new Date(now.getTime() - dayMs);
      const recent = await transaction.accountExport.findMany({
        where: { userId, OR: [{ state: 'waiting' }, { createdAt: { gt: since } }] },
        orderBy: { createdAt: 'asc' },
      });
      const [oldest] = recent;
      if (recent.some(({ state }) => state === 'waiting')) {
        throw new AppError('conflict', 'An export is being made: wait for it.');
      }
      if (oldest !== undefined && recent.length >= dailyExports) {
        const retryAfterSec = Math.ceil((oldest.createdAt.getTime() - since.getTime()) / 1_000);
        throw new AppError('rate_limited', 'These were enough exports for one day.', { retryAfterSec });
      }
      return transaction.accountExport.create({ data: { userId } });
    });
  }

  find(userId: string, id: string): Promise<AccountExport | null> {
    return this.#database.accountExport.findUnique({ where: { id, userId } });
  }

  /** The newest first. */
  list(userId: string, { after, take }: PageWish): Promise<AccountExport[]> {
    return this.#database.accountExport.findMany({
      where: { AND: [{ userId }, behind(after, 'id')] },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take,
    });
  }

  /** The next run; null when it isn't waiting any more, or has had so many. */
  async begin(id: string, mostRuns: number): Promise<AccountExport | null> {
    const [row] = await this.#database.accountExport.updateManyAndReturn({
      where: { id, state: 'waiting', run: { lt: mostRuns } },
      data: { run: { increment: 1 }, changedAt: new Date() },
    });
    return row ?? null;
  }

  /** Before a run stores its file of this number, so that whoever removes them knows. False: another run has taken over. */
  async writing({ id, run, mostFiles }: AccountExport, number: number): Promise<boolean> {
    const { count } = await this.#database.accountExport.updateMany({
      where: { id, run, state: 'waiting' },
      data: { mostFiles: Math.max(mostFiles, number), changedAt: new Date() },
    });
    return count > 0;
  }

  /** Null when another run has taken over. */
  async ready(
    { id, run }: AccountExport,
    fileBytes: number[],
    keptMs: number,
  ): Promise<AccountExport | null> {
    const now = new Date();
    const [row] = await this.#database.accountExport.updateManyAndReturn({
      where: { id, run, state: 'waiting' },
      data: {
        ...{ state: 'ready', fileBytes, changedAt: now, finishedAt: now },
        expiresAt: new Date(now.getTime() + keptMs),
      },
    });
    return row ?? null;
  }

  /** Gives up what is still waiting. */
  async fail(where: { id: string } | { userId: string }): Promise<void> {
    const now = new Date();
    await this.#database.accountExport.updateMany({
      where: { ...where, state: 'waiting' },
      data: {
        ...{ state: 'failed', changedAt: now, finishedAt: now },
        expiresAt: new Date(now.getTime() + leftoversMs),
      },
    });
  }

  /** Those of which nothing was heard since then. */
  waiting(since: Date, take: number): Promise<AccountExport[]> {
    return this.#database.accountExport.findMany({
      where: { state: 'waiting', changedAt: { lt: since } },
      orderBy: { changedAt: 'asc' },
      take,
    });
  }

  /** Those whose files are to go. */
  expired(now: Date, take: number): Promise<AccountExport[]> {
    return this.#database.accountExport.findMany({
      where: { expiresAt: { lte: now }, mostFiles: { gt: 0 } },
      orderBy: { expiresAt: 'asc' },
      take,
    });
  }

  async filesRemoved(id: string): Promise<void> {
    await this.#database.accountExport.updateMany({ where: { id }, data: { mostFiles: 0 } });
  }

  /** Those that expired before then, and of which nothing is stored. */
  async deleteOld(before: Date): Promise<void> {
    await this.#database.accountExport.deleteMany({ where: { expiresAt: { lt: before }, mostFiles: 0 } });
  }

  async delete(id: string): Promise<void> {
    await this.#database.accountExport.deleteMany({ where: { id } });
  }
}
