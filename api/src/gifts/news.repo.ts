import type { Database, DatabaseTransaction } from '@maydan/prisma';
import { leaderboardPeriod } from '@maydan/contracts';
import type { Also } from '../audit/audit.repo.ts';
import { givenTo, keptDays, receivers, sessionBoard } from './boards.ts';
import { fullGifts, type FullGift } from './gifts.repo.ts';

/** Any number, the same for all: news is dealt with by many at once, and by nobody while leaderboards are made anew. */
const lockNumber = 820_121;
const batch = 400;

/** Something that happened to a gift. */
export interface News {
  readonly id: string;
  readonly returned: boolean;
  readonly gift: FullGift;
}

/** What should be on the leaderboards, and the news that is in it already. */
export interface Standing {
  readonly boards: Map<string, Map<string, number>>;
  readonly pending: string[];
}

/** News of gifts, in PostgreSQL until it is dealt with: who dies in the middle leaves it to others. */
export class GiftNewsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async isThere(): Promise<boolean> {
    return (await this.#database.giftNews.findFirst({ select: { id: true } })) !== null;
  }

  /** Takes the oldest news that nobody else deals with; it stays when `tell` rejects. False: there was none. */
  dealWith(tell: (news: News[]) => Promise<void>): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.$queryRaw`SELECT 1 AS "one" FROM pg_advisory_xact_lock_shared(${lockNumber}::bigint)`;
      const rows = await transaction.$queryRaw<{ id: string; giftId: string; returned: boolean }[]>`
        DELETE FROM "GiftNews" WHERE "id" = ANY(ARRAY(
          SELECT "id" FROM "GiftNews" ORDER BY "id" LIMIT ${batch} FOR UPDATE SKIP LOCKED)) RETURNING *`;
      if (rows.length === 0) return false;
      const ids = rows.map(({ giftId }) => giftId);
      // Who takes words away waits until they were told, and tells so afterwards.
      await transaction.$queryRaw`
        SELECT 1 AS "one" FROM "SentGift" WHERE "id" = ANY(${ids}::uuid[]) AND "message" <> '' FOR SHARE`;
      const gifts = await transaction.sentGift.findMany({ where: { id: { in: ids } } });
      const full = new Map((await fullGifts(transaction, gifts)).map((gift) => [gift.id, gift]));
      const news = rows.flatMap(({ id, giftId, returned }) => {
        const gift = full.get(giftId);
        return gift === undefined ? [] : [{ id, returned, gift }];
      });
      await tell(news.sort((one, other) => (one.id < other.id ? -1 : 1)));
      return true;
    });
  }

  /** What the ledger says of the leaderboards, for as long as `use` takes; nothing is counted meanwhile. */
  async standing<T>(now: Date, use: (standing: Standing) => Promise<T>, also?: Also): Promise<T> {
    const work = async (transaction: DatabaseTransaction): Promise<T> => {
      await transaction.$queryRaw`SELECT 1 AS "one" FROM pg_advisory_xact_lock(${lockNumber}::bigint)`;
      const used = await use(await readStanding(transaction, now));
      await also?.(transaction);
      return used;
    };
    return this.#database.$transaction(work, { timeout: 120_000 });
  }
}

interface ScoreRow {
  readonly kind: 'pending' | 'session' | 'to' | 'receivers';
  readonly id: string;
  readonly period: string | null;
  readonly bucket: string | null;
  readonly member: string | null;
  readonly coins: bigint | null;
}

/** One statement, so that sums and pending news are of one moment. */
async function readStanding(transaction: DatabaseTransaction, now: Date): Promise<Standing> {
  const since = (days: number): Date => new Date(now.getTime() - days * 86_400_000);
  const rows = await transaction.$queryRaw<ScoreRow[]>`
    WITH counted AS (SELECT * FROM "SentGift" WHERE "returnedAt" IS NULL AND "at" >= ${since(keptDays.session)}::timestamptz),
    periods AS (SELECT * FROM (VALUES ('day', ${since(keptDays.day)}::timestamptz), ('week', ${since(keptDays.week)}::timestamptz),
      ('month', ${since(keptDays.month)}::timestamptz)) AS p("period", "since")),
    given AS (
      SELECT "recipientId", "senderId", p."period", to_char(date_trunc(p."period", "at" AT TIME ZONE 'UTC'), 'YYYY-MM-DD') AS "bucket",
        sum("coins")::bigint AS "coins"
      FROM counted JOIN periods p ON "at" >= p."since" GROUP BY 1, 2, 3, 4)
    SELECT 'pending' AS "kind", "id"::text AS "id", NULL AS "period", NULL AS "bucket", NULL AS "member", NULL::bigint AS "coins" FROM "GiftNews"
    UNION ALL SELECT 'session', "sessionId"::text, NULL, NULL, "senderId"::text, sum("coins")::bigint FROM counted GROUP BY "sessionId", "senderId"
    UNION ALL SELECT 'to', "recipientId"::text, "period", "bucket", "senderId"::text, "coins" FROM given
    UNION ALL SELECT 'receivers', '', "period", "bucket", "recipientId"::text, sum("coins")::bigint FROM given GROUP BY 3, 4, 5`;
  const boards = new Map<string, Map<string, number>>();
  for (const row of rows) {
    if (row.kind === 'pending' || row.member === null) continue;
    const key = keyOf(row);
    const board = boards.get(key) ?? new Map<string, number>();
    boards.set(key, board.set(row.member, Number(row.coins)));
  }
  return { boards, pending: rows.flatMap(({ kind, id }) => (kind === 'pending' ? [id] : [])) };
}

function keyOf({ kind, id, period: text, bucket }: ScoreRow): string {
  if (kind === 'session') return sessionBoard(id);
  const period = leaderboardPeriod.parse(text);
  return kind === 'to' ? givenTo(id, period, bucket ?? '') : receivers(period, bucket ?? '');
}
