import type { Database } from '@maydan/prisma';
import { releaseMedia } from '../media/media.repo.ts';

const statusesAtOnce = 100;
const viewsAtOnce = 5_000;
/** Each run ends after so many statements, the next one goes on. */
const maxRounds = 200;

/** Removes what expired statuses leave, in short statements; their files go by the sweep of files. */
export class StatusesSweep {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async run(now = new Date()): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      const expired = await this.#database.status.findMany({
        where: { expiresAt: { lte: now } },
        orderBy: { expiresAt: 'asc' },
        take: statusesAtOnce,
        select: { id: true },
      });
      const ids = expired.map(({ id }) => id);
      if (ids.length === 0) return;
      if ((await this.#deleteViews(ids)) === viewsAtOnce) continue;
      // Another process has them in hand.
      if ((await this.#deleteStatuses(ids)) === 0) return;
    }
  }

  #deleteViews(ids: readonly string[]): Promise<number> {
    return this.#database.$executeRaw`
      DELETE FROM "StatusView" WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM "StatusView" WHERE "statusId" = ANY(${[...ids]}::uuid[]) LIMIT ${viewsAtOnce}))`;
  }

  /** With the use of their files, in one step: each is released once. */
  #deleteStatuses(ids: readonly string[]): Promise<number> {
    return this.#database.$transaction(async (transaction) => {
      const rows = await transaction.$queryRaw<{ mediaId: string | null }[]>`
        DELETE FROM "Status" WHERE "id" = ANY(ARRAY(
          SELECT "id" FROM "Status" WHERE "id" = ANY(${[...ids]}::uuid[]) FOR UPDATE SKIP LOCKED))
        RETURNING "mediaId"`;
      await releaseMedia(
        transaction,
        rows.flatMap(({ mediaId }) => mediaId ?? []),
      );
      return rows.length;
    });
  }
}
