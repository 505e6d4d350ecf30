import { Prisma, type Database, type DatabaseTransaction } from '@maydan/prisma';
import { firstIdOf } from './slots.ts';

/** The one row of `AnalyticsProgress`. */
const progressId = 1;
/** Ids of rows are made a moment before, or after, their time is. */
const idMarginMs = 600_000;

/** Where counting stands. */
export interface Progress {
  readonly upTo: Date | null;
  readonly recentAt: Date | null;
}

/**
 * Counts what happened, by quarters of an hour. A quarter is counted from the facts each time, never added to: it may be
 * counted any number of times, by any number of processes, and is right after the last one.
 */
export class RollupRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether it is the caller's turn; null when another process took one since. */
  async takeTurn(now: Date, since: Date): Promise<Progress | null> {
    await this.#database.analyticsProgress.createMany({ data: { id: progressId }, skipDuplicates: true });
    const { count } = await this.#database.analyticsProgress.updateMany({
      where: { id: progressId, OR: [{ turnAt: null }, { turnAt: { lt: since } }] },
      data: { turnAt: now },
    });
    return count === 0 ? null : this.progress();
  }

  async progress(): Promise<Progress> {
    const row = await this.#database.analyticsProgress.findUnique({ where: { id: progressId } });
    return { upTo: row?.upTo ?? null, recentAt: row?.recentAt ?? null };
  }

  /** The beginning of everything; null: nobody is here. */
  async beginning(): Promise<Date | null> {
    const first = await this.#database.user.findFirst({
      orderBy: { createdAt: 'asc' },
      select: { createdAt: true },
    });
    return first?.createdAt ?? null;
  }

  /** Counts the quarters from one to another (excluded), all or none of them; those at `now` as far as they have come. */
  async count(from: Date, to: Date, now: Date): Promise<void> {
    await this.#database.$transaction(
      async (transaction) => {
        await transaction.analyticsProgress.createMany({ data: { id: progressId }, skipDuplicates: true });
        // One process at a time: the later one has seen all that the earlier one has.
        await transaction.$queryRaw`SELECT 1 AS "one" FROM "AnalyticsProgress" WHERE "id" = ${progressId}::int FOR UPDATE`;
        await countCreators(transaction, from, to, now);
        await countPlatform(transaction, from, to);
        await noteActive(transaction, from, to);
        const upTo = to < now ? to : now;
        await transaction.$executeRaw`
          UPDATE "AnalyticsProgress" SET "upTo" = greatest("upTo", ${upTo}::timestamptz) WHERE "id" = ${progressId}::int`;
      },
      { timeout: 60_000 },
    );
  }

  async recentDone(at: Date): Promise<void> {
    await this.#database.analyticsProgress.updateMany({ where: { id: progressId }, data: { recentAt: at } });
  }

  /** Forgets what is older; a batch of samples at a time. */
  async deleteBefore({ samples, days, slots }: { samples: Date; days: Date; slots: Date }): Promise<void> {
    for (const table of [column('"ViewerSample"'), column('"ViewerSketch"')]) {
      await this.#deleteSome(table, samples);
    }
    await this.#database.activeDay.deleteMany({ where: { day: { lt: days } } });
    await this.#database.creatorSlot.deleteMany({ where: { at: { lt: slots } } });
    await this.#database.platformSlot.deleteMany({ where: { at: { lt: slots } } });
  }

  async #deleteSome(table: Prisma.Sql, before: Date, batch = 5_000): Promise<void> {
    for (;;) {
      const deleted = await this.#database.$executeRaw`
        DELETE FROM ${table} WHERE ("sessionId", "at") IN (
          SELECT "sessionId", "at" FROM ${table} WHERE "at" < ${before}::timestamptz LIMIT ${batch}::int)`;
      if (deleted < batch) return;
    }
  }
}

/** The quarter of an hour that a time is in. */
const slotOf = (time: Prisma.Sql) => Prisma.sql`date_bin('15 minutes', ${time}, 'epoch'::timestamptz)`;

/** Rows of a table whose ids tell their time, as far as it lies in the range. */
function within(id: Prisma.Sql, time: Prisma.Sql, from: Date, to: Date): Prisma.Sql {
  const [first, last] = [firstIdOf(from.getTime() - idMarginMs), firstIdOf(to.getTime() + idMarginMs)];
  return Prisma.sql`${id} >= ${first}::uuid AND ${id} < ${last}::uuid AND ${between(time, from, to)}`;
}
function between(time: Prisma.Sql, from: Date, to: Date): Prisma.Sql {
  return Prisma.sql`${time} >= ${from}::timestamptz AND ${time} < ${to}::timestamptz`;
}
const column = (name: string) => Prisma.raw(name);

/** How long sessions were live and watched; each row has one fact, the other figures are 0. */
function sessionFacts(from: Date, to: Date, now: Date): Prisma.Sql {
  const begun = between(column('s."startedAt"'), from, to);
  return Prisma.sql`
    SELECT s."hostId", ${slotOf(column('s."startedAt"'))} AS "at", 1 AS "sessions", 0::bigint AS "liveMs", 0::bigint AS "watchMs",
      0 AS "peak", 0 AS "messages", 0 AS "gifts", 0::bigint AS "coins", 0::bigint AS "earned", 0 AS "followers"
    FROM "Session" s WHERE ${begun}
    UNION ALL
    SELECT live."hostId", g."at", 0, greatest(0, round(1000 * extract(epoch FROM
      least(g."at" + interval '15 minutes', live."end") - greatest(g."at", live."startedAt"))))::bigint, 0, 0, 0, 0, 0, 0, 0
    FROM (
      SELECT s."hostId", s."startedAt", least(coalesce(s."endedAt", ${now}::timestamptz), ${now}::timestamptz) AS "end" FROM "Session" s
      WHERE s."startedAt" < ${to}::timestamptz
        AND (s."endedAt" > ${from}::timestamptz OR s."state" IN ('starting', 'live', 'interrupted', 'ending'))) live
    CROSS JOIN LATERAL generate_series(greatest(${slotOf(column('live."startedAt"'))}, ${from}::timestamptz),
      least(live."end", ${to}::timestamptz) - interval '1 microsecond', interval '15 minutes') AS g("at")
    UNION ALL
    SELECT s."hostId", w."at", 0, 0, greatest(0, w."watched" - coalesce(
      lag(w."watched") OVER (PARTITION BY w."sessionId" ORDER BY w."at"),
      (SELECT b."watchMs" FROM "ViewerSample" b WHERE b."sessionId" = w."sessionId" AND b."at" < ${from}::timestamptz
        ORDER BY b."at" DESC LIMIT 1), 0)), w."peak", 0, 0, 0, 0, 0
    FROM (
      SELECT v."sessionId", ${slotOf(column('v."at"'))} AS "at", max(v."viewers") AS "peak", max(v."watchMs") AS "watched"
      FROM "ViewerSample" v WHERE ${between(column('v."at"'), from, to)} GROUP BY 1, 2) w
    JOIN "Session" s ON s."id" = w."sessionId"`;
}

/** What people did. */
function audienceFacts(from: Date, to: Date): Prisma.Sql {
  return Prisma.sql`
    SELECT s."hostId", ${slotOf(column('m."createdAt"'))}, 0, 0, 0, 0, 1, 0, 0, 0, 0
    FROM "ChatMessage" m JOIN "Session" s ON s."id" = m."sessionId"
    WHERE ${within(column('m."id"'), column('m."createdAt"'), from, to)}
    UNION ALL
    SELECT g."recipientId", ${slotOf(column('g."at"'))}, 0, 0, 0, 0, 0, g."quantity", g."coins", g."coins" - g."commission", 0
    FROM "SentGift" g WHERE ${within(column('g."id"'), column('g."at"'), from, to)}
    UNION ALL
    SELECT g."recipientId", ${slotOf(column('g."returnedAt"'))}, 0, 0, 0, 0, 0, -g."quantity", -g."coins", g."commission" - g."coins", 0
    FROM "SentGift" g WHERE ${between(column('g."returnedAt"'), from, to)}
    UNION ALL
    SELECT f."followeeId", ${slotOf(column('f."createdAt"'))}, 0, 0, 0, 0, 0, 0, 0, 0, 1
    FROM "Follow" f WHERE ${between(column('f."createdAt"'), from, to)}`;
}

async function countCreators(
  transaction: DatabaseTransaction,
  from: Date,
  to: Date,
  now: Date,
): Promise<void> {
  await transaction.$executeRaw`
    WITH facts AS (${sessionFacts(from, to, now)} UNION ALL ${audienceFacts(from, to)}),
    fresh AS (
      SELECT "hostId", "at", sum("sessions")::int AS "sessions", sum("liveMs")::bigint AS "liveMs", sum("watchMs")::bigint AS "watchMs",
        max("peak") AS "peak", sum("messages")::int AS "messages", sum("gifts")::int AS "gifts", sum("coins")::bigint AS "coins",
        sum("earned")::bigint AS "earned", sum("followers")::int AS "followers"
      FROM facts GROUP BY 1, 2),
    gone AS (
      DELETE FROM "CreatorSlot" c WHERE ${between(column('c."at"'), from, to)}
        AND NOT EXISTS (SELECT FROM fresh f WHERE f."hostId" = c."hostId" AND f."at" = c."at"))
    INSERT INTO "CreatorSlot" ("hostId", "at", "sessions", "liveMs", "watchMs", "peak", "messages", "gifts", "coins", "earned", "followers")
    SELECT * FROM fresh ORDER BY "hostId", "at"
    ON CONFLICT ("hostId", "at") DO UPDATE SET "sessions" = EXCLUDED."sessions", "liveMs" = EXCLUDED."liveMs", "watchMs" = EXCLUDED."watchMs",
      "peak" = EXCLUDED."peak", "messages" = EXCLUDED."messages", "gifts" = EXCLUDED."gifts", "coins" = EXCLUDED."coins",
      "earned" = EXCLUDED."earned", "followers" = EXCLUDED."followers"`;
}

/** Out of what was counted for creators, the books, and what concerns no creator. */
async function countPlatform(transaction: DatabaseTransaction, from: Date, to: Date): Promise<void> {
  await transaction.$executeRaw`
    WITH facts AS (
      SELECT "at", 0 AS "newUsers", "sessions", "liveMs", "watchMs", 0::bigint AS "peak", "messages", "followers" AS "follows", "gifts", "coins",
        0::numeric AS "commission", 0::numeric AS "deposits", 0::numeric AS "depositReturns", 0::numeric AS "withdrawals"
      FROM "CreatorSlot" WHERE ${between(column('"at"'), from, to)}
      UNION ALL
      SELECT ${slotOf(column('u."createdAt"'))}, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
      FROM "User" u WHERE ${between(column('u."createdAt"'), from, to)}
      UNION ALL
      SELECT ${slotOf(column('v."at"'))}, 0, 0, 0, 0, sum(v."viewers"), 0, 0, 0, 0, 0, 0, 0, 0
      FROM "ViewerSample" v WHERE ${between(column('v."at"'), from, to)} GROUP BY v."at"
      UNION ALL
      SELECT ${slotOf(column('e."at"'))}, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        coalesce(sum(p."amount") FILTER (WHERE a."kind" = 'commission'), 0),
        coalesce(-sum(p."amount") FILTER (WHERE a."kind" = 'deposits' AND e."kind" IN ('deposit', 'depositReinstated')), 0),
        coalesce(sum(p."amount") FILTER (WHERE a."kind" = 'deposits' AND e."kind" = 'depositReturn'), 0),
        coalesce(sum(p."amount") FILTER (WHERE a."kind" = 'paid'), 0)
      FROM "LedgerEntry" e JOIN "LedgerPosting" p ON p."entryId" = e."id"
      JOIN "LedgerAccount" a ON a."id" = p."accountId" AND a."ownerId" IS NULL
      WHERE ${within(column('e."id"'), column('e."at"'), from, to)} GROUP BY 1),
    fresh AS (
      SELECT "at", sum("newUsers")::int, sum("sessions")::int, sum("liveMs")::bigint, sum("watchMs")::bigint, max("peak")::int,
        sum("messages")::int, sum("follows")::int, sum("gifts")::int, sum("coins")::bigint, sum("commission")::bigint,
        sum("deposits")::bigint, sum("depositReturns")::bigint, sum("withdrawals")::bigint
      FROM facts GROUP BY 1),
    gone AS (
      DELETE FROM "PlatformSlot" s WHERE ${between(column('s."at"'), from, to)} AND NOT EXISTS (SELECT FROM fresh f WHERE f."at" = s."at"))
    INSERT INTO "PlatformSlot" ("at", "newUsers", "sessions", "liveMs", "watchMs", "peak", "messages", "follows", "gifts", "coins",
      "commission", "deposits", "depositReturns", "withdrawals")
    SELECT * FROM fresh ORDER BY 1
    ON CONFLICT ("at") DO UPDATE SET "newUsers" = EXCLUDED."newUsers", "sessions" = EXCLUDED."sessions", "liveMs" = EXCLUDED."liveMs",
      "watchMs" = EXCLUDED."watchMs", "peak" = EXCLUDED."peak", "messages" = EXCLUDED."messages", "follows" = EXCLUDED."follows",
      "gifts" = EXCLUDED."gifts", "coins" = EXCLUDED."coins", "commission" = EXCLUDED."commission", "deposits" = EXCLUDED."deposits",
      "depositReturns" = EXCLUDED."depositReturns", "withdrawals" = EXCLUDED."withdrawals"`;
}

async function noteActive(transaction: DatabaseTransaction, from: Date, to: Date): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO "ActiveDay" ("day", "userId")
    SELECT DISTINCT (t."createdAt" AT TIME ZONE 'UTC')::date, i."userId"
    FROM "RefreshToken" t JOIN "SignIn" i ON i."id" = t."signInId"
    WHERE ${between(column('t."createdAt"'), from, to)} ORDER BY 1, 2
    ON CONFLICT DO NOTHING`;
}
