import type { CreatorFigures, PlatformFigures } from '@maydan/contracts';
import { Prisma, type Database } from '@maydan/prisma';
import { allPeriods, askedInZone, inRange, periodOf, type Range } from './periods.repo.ts';

/** Figures of sketches are put together in Redis. */
export type SummedFigures = Omit<CreatorFigures, 'uniqueViewers'>;
export type CreatorRow = SummedFigures & { readonly period: string };
export type PlatformRow = PlatformFigures & { readonly period: string };

/** Who watched a session in a period. */
export interface SketchRow {
  readonly id: string;
  readonly period: string;
  readonly sketch: Uint8Array;
}
/** Sessions at a time: one of a day has 97 sketches of up to 12 KiB. */
const sketchBatch = 20;

interface SessionCounts {
  readonly messages: number;
  readonly gifts: number;
  readonly coins: number;
  readonly earned: number;
  readonly followers: number;
}

/** What was counted, in PostgreSQL. Sums are of type float8: exact up to 2^53. */
export class FiguresRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Of one host, in the order of time; periods without anything have zeros. */
  ofCreator(hostId: string, range: Range): Promise<CreatorRow[]> {
    const sum = (name: string) => Prisma.raw(`coalesce(sum("${name}"), 0)::float8 AS "${name}"`);
    return askedInZone(
      this.#database.$queryRaw<CreatorRow[]>`
        WITH counted AS (
          SELECT ${periodOf(Prisma.sql`"at"`, range)} AS "period", * FROM "CreatorSlot"
          WHERE "hostId" = ${hostId}::uuid AND ${inRange(Prisma.sql`"at"`, range)})
        SELECT "period", ${sum('sessions')}, ${sum('liveMs')}, ${sum('watchMs')}, coalesce(max("peak"), 0)::float8 AS "peakViewers",
          ${sum('messages')}, ${sum('gifts')}, ${sum('coins')}, ${sum('earned')}, ${sum('followers')}
        FROM (${allPeriods(range)}) p LEFT JOIN counted USING ("period") GROUP BY 1 ORDER BY 1`,
    );
  }

  /**
   * Of the host's sessions, some at a time. One that lies in one period counts there as a whole. One that goes on over a period's or the
   * range's end has a sketch for each quarter of an hour; without them (any more) it counts where it began.
   */
  async *sketches(hostId: string, range: Range): AsyncGenerator<SketchRow[]> {
    let afterId = '00000000-0000-0000-0000-000000000000';
    for (;;) {
      const rows = await this.#database.$queryRaw<(SketchRow | { id: string; period: null })[]>`
        WITH mine AS (${sessionsOf(hostId, range)} AND s."id" > ${afterId}::uuid ORDER BY s."id" LIMIT ${sketchBatch}::int),
        sorted AS (SELECT *, ${isWithin(range)} OR NOT EXISTS (
          SELECT FROM "ViewerSketch" v WHERE v."sessionId" = mine."id") AS "isWhole" FROM mine)
        SELECT m."id", w."period", w."sketch" FROM sorted m LEFT JOIN LATERAL (
          SELECT ${periodOf(Prisma.sql`m."begin"`, range)} AS "period", m."sketch"
          WHERE m."isWhole" AND ${inRange(Prisma.sql`m."begin"`, range)}
          UNION ALL
          SELECT ${periodOf(Prisma.sql`v."at"`, range)}, v."sketch" FROM "ViewerSketch" v
          WHERE NOT m."isWhole" AND v."sessionId" = m."id" AND ${inRange(Prisma.sql`v."at"`, range)}) w ON true
        ORDER BY m."id"`;
      yield rows.filter((row): row is SketchRow => row.period !== null);
      const ids = new Set(rows.map(({ id }) => id));
      if (ids.size < sketchBatch) return;
      afterId = rows.at(-1)?.id ?? afterId;
    }
  }

  async ofPlatform(range: Range): Promise<PlatformRow[]> {
    const sum = (name: string) => Prisma.raw(`coalesce(sum("${name}"), 0)::float8 AS "${name}"`);
    const active = Prisma.sql`
      SELECT ${periodOf(Prisma.sql`("day"::timestamp AT TIME ZONE 'UTC')`, range)} AS "period", count(DISTINCT "userId") AS "users" FROM "ActiveDay"
      WHERE "day" >= ${range.from}::date AND "day" <= ${range.to}::date GROUP BY 1`;
    return this.#database.$queryRaw<PlatformRow[]>`
      WITH counted AS (
        SELECT ${periodOf(Prisma.sql`"at"`, range)} AS "period", * FROM "PlatformSlot" WHERE ${inRange(Prisma.sql`"at"`, range)}),
      active AS (${active})
      SELECT p."period", ${sum('newUsers')}, coalesce(max(active."users"), 0)::float8 AS "activeUsers", ${sum('sessions')},
        ${sum('liveMs')}, ${sum('watchMs')}, coalesce(max("peak"), 0)::float8 AS "peakViewers", ${sum('messages')}, ${sum('follows')},
        ${sum('gifts')}, ${sum('coins')}, ${sum('commission')}, ${sum('deposits')}, ${sum('depositReturns')}, ${sum('withdrawals')}
      FROM (${allPeriods(range)}) p LEFT JOIN counted USING ("period") LEFT JOIN active USING ("period")
      GROUP BY 1 ORDER BY 1`;
  }

  /** Different people in the whole range. */
  async activeUsers({ from, to }: Range): Promise<number> {
    const [row] = await this.#database.$queryRaw<{ users: number }[]>`
      SELECT count(DISTINCT "userId")::float8 AS "users" FROM "ActiveDay"
      WHERE "day" >= ${from}::date AND "day" <= ${to}::date`;
    return row?.users ?? 0;
  }

  async now(): Promise<{ sessions: number; viewers: number }> {
    const [row] = await this.#database.$queryRaw<{ sessions: number; viewers: number }[]>`
      SELECT (SELECT count(*) FROM "Session" WHERE "state" IN ('live', 'interrupted'))::float8 AS "sessions",
        (SELECT coalesce(sum("concurrent"), 0) FROM "SessionAudience" WHERE "concurrent" > 0)::float8 AS "viewers"`;
    return row ?? { sessions: 0, viewers: 0 };
  }

  /** What people did in a session. */
  async ofSession(session: {
    id: string;
    hostId: string;
    startedAt: Date;
    endedAt: Date;
  }): Promise<SessionCounts> {
    const { id, hostId, startedAt, endedAt } = session;
    const [row] = await this.#database.$queryRaw<SessionCounts[]>`
      SELECT coalesce((SELECT "lastSeq" FROM "ChatRoom" WHERE "sessionId" = ${id}::uuid), 0)::float8 AS "messages",
        g.*, (SELECT count(*) FROM "Follow" WHERE "followeeId" = ${hostId}::uuid
          AND "createdAt" >= ${startedAt}::timestamptz AND "createdAt" < ${endedAt}::timestamptz)::float8 AS "followers"
      FROM (
        SELECT coalesce(sum("quantity"), 0)::float8 AS "gifts", coalesce(sum("coins"), 0)::float8 AS "coins",
          coalesce(sum("coins" - "commission"), 0)::float8 AS "earned"
        FROM "SentGift" WHERE "sessionId" = ${id}::uuid AND "returnedAt" IS NULL) g`;
    if (row === undefined) throw new Error('PostgreSQL answered no row');
    return row;
  }

  /** At most at the same time, by steps from a time on; steps without viewers are missing. */
  timeline(
    sessionId: string,
    { start, end, stepMs }: { start: Date; end: Date; stepMs: number },
  ): Promise<{ step: number; viewers: number }[]> {
    return this.#database.$queryRaw`
      SELECT floor(extract(epoch FROM "at" - ${start}::timestamptz) * 1000 / ${stepMs}::int)::int AS "step", max("viewers")::int AS "viewers"
      FROM "ViewerSample" WHERE "sessionId" = ${sessionId}::uuid
        AND "at" >= ${start}::timestamptz AND "at" < ${end}::timestamptz GROUP BY 1`;
  }
}

/** Sessions of a host that somebody watched, from before the range's end to after its beginning; wide enough for every zone. */
function sessionsOf(hostId: string, { from, to }: Range): Prisma.Sql {
  return Prisma.sql`
    SELECT s."id", s."startedAt" AS "begin", coalesce(s."endedAt", now()) AS "end", a."sketch"
    FROM "Session" s JOIN "SessionAudience" a ON a."sessionId" = s."id"
    WHERE s."hostId" = ${hostId}::uuid AND a."sketch" IS NOT NULL
      AND s."startedAt" < (${to}::timestamp + interval '3 days') AT TIME ZONE 'UTC'
      AND (s."endedAt" IS NULL OR s."endedAt" >= (${from}::timestamp - interval '2 days') AT TIME ZONE 'UTC')`;
}

/** Whether a session ("begin", "end") lies in one period, and in the range. */
function isWithin(range: Range): Prisma.Sql {
  const [begin, end] = [Prisma.sql`"begin"`, Prisma.sql`greatest("begin", "end" - interval '1 millisecond')`];
  return Prisma.sql`(${periodOf(begin, range)} = ${periodOf(end, range)}
    AND ${inRange(begin, range)} AND ${inRange(end, range)})`;
}
