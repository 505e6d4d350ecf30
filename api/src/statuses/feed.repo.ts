import { Prisma, type Database } from '@maydan/prisma';
import type { FeedPosition } from './feedCursor.ts';

/** Somebody whom the viewer follows, and what they show to the viewer. */
export interface FeedRow {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly count: number;
  readonly unseen: number;
  readonly latestId: string;
  /** What the row is sorted by: whether something was unseen at `asOf`, and when the newest was made. */
  readonly fresh: boolean;
  readonly latestAt: Date;
  /** When the first page was read. */
  readonly asOf: Date;
}

/** The statuses of those whom somebody follows, by person, in PostgreSQL. */
export class FeedRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * One query: the rows of follows, and the few statuses of each. Blocks need no look: where one is, nobody follows. What
   * was seen or made since the first page was read moves nobody; who had nothing then is on no later page.
   */
  people(viewerId: string, after: FeedPosition | null, take: number): Promise<FeedRow[]> {
    const asOf =
      after === null ? Prisma.sql`'infinity'::timestamptz` : Prisma.sql`${after.asOf}::timestamptz`;
    const behind =
      after === null
        ? Prisma.sql`TRUE`
        : Prisma.sql`p."latestAt" IS NOT NULL AND (p."fresh", p."latestAt", p."userId")
            < (${after.fresh}::boolean, ${after.latestAt}::timestamptz, ${after.userId}::uuid)`;
    return this.#database.$queryRaw<FeedRow[]>`
      WITH shown AS (
        SELECT s."userId", s."id", s."createdAt", v."createdAt" AS "seenAt"
        FROM "Follow" f
        JOIN "Status" s ON s."userId" = f."followeeId" AND s."expiresAt" > now()
        LEFT JOIN "StatusView" v ON v."statusId" = s."id" AND v."viewerId" = f."followerId"
        WHERE f."followerId" = ${viewerId}::uuid AND (s."audience" <> 'contacts' OR EXISTS (
          SELECT FROM "Contact" WHERE "ownerId" = s."userId" AND "contactId" = f."followerId"))
      ), p AS (
        SELECT "userId", count(*)::int AS "count", count(*) FILTER (WHERE "seenAt" IS NULL)::int AS "unseen",
          (array_agg("id" ORDER BY "createdAt" DESC, "id" DESC))[1] AS "latestId",
          bool_or("createdAt" <= ${asOf} AND ("seenAt" IS NULL OR "seenAt" > ${asOf})) AS "fresh",
          max("createdAt") FILTER (WHERE "createdAt" <= ${asOf}) AS "latestAt"
        FROM shown GROUP BY "userId"
      )
      SELECT p.*, u."username", u."displayName", coalesce(nullif(${asOf}, 'infinity'), now()) AS "asOf"
      FROM p JOIN "User" u ON u."id" = p."userId"
      WHERE u."bannedAt" IS NULL AND ${behind}
      ORDER BY p."fresh" DESC, p."latestAt" DESC, p."userId" DESC LIMIT ${take}`;
  }
}
