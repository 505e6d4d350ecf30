import { Prisma, type Database } from '@maydan/prisma';
import type { CsvRow } from './csv.ts';
import { askedInZone, inRange, type Range } from './periods.repo.ts';
import { firstIdOf } from './slots.ts';

const batch = 500;
const dayMs = 86_400_000;

type Row = CsvRow & { readonly id: string };
/** Columns of each file. */
export const columns = {
  sessions: [
    ...['id', 'host', 'title', 'type', 'category', 'startedAt', 'endedAt', 'durationMs'],
    ...['uniqueViewers', 'peakViewers', 'watchMs', 'messages'],
  ],
  gifts: ['id', 'at', 'sessionId', 'sender', 'gift', 'quantity', 'coins', 'earned', 'message', 'returnedAt'],
  deposits: [
    ...[
      'id',
      'user',
      'provider',
      'coins',
      'amountMinor',
      'currency',
      'state',
      'coinsBack',
      'createdAt',
      'paidAt',
    ],
  ],
  withdrawals: [
    ...[
      'id',
      'user',
      'coins',
      'amountMinor',
      'currency',
      'state',
      'reference',
      'createdAt',
      'decidedAt',
      'paidAt',
    ],
  ],
} as const;

/** Rows of files, the oldest first, read in batches as they are taken: nothing is held in PostgreSQL meanwhile. */
export class ExportsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** That began in the range; of one host, or all. */
  sessions(hostId: string | null, range: Range): AsyncGenerator<Row> {
    const whose = hostId === null ? Prisma.sql`TRUE` : Prisma.sql`s."hostId" = ${hostId}::uuid`;
    return inBatches(
      (last) => Prisma.sql`
      SELECT s."id", u."username" AS "host", s."title", s."type"::text AS "type", s."category", s."startedAt", s."endedAt", s."durationMs",
        coalesce(a."unique", 0) AS "uniqueViewers", coalesce(a."peak", 0) AS "peakViewers", coalesce(a."watchMs", 0) AS "watchMs",
        coalesce(c."lastSeq", 0) AS "messages"
      FROM "Session" s JOIN "User" u ON u."id" = s."hostId" LEFT JOIN "SessionAudience" a ON a."sessionId" = s."id"
      LEFT JOIN "ChatRoom" c ON c."sessionId" = s."id"
      WHERE ${whose} AND ${inRange(Prisma.sql`s."startedAt"`, range)}
        AND (s."startedAt", s."id") > (${last?.['startedAt'] ?? new Date(0)}::timestamptz, ${last?.id ?? firstIdOf(0)}::uuid)
      ORDER BY s."startedAt", s."id" LIMIT ${batch}::int`,
      this.#database,
    );
  }

  gifts(recipientId: string, range: Range): AsyncGenerator<Row> {
    return inBatches(
      (last) => Prisma.sql`
      SELECT g."id", g."at", g."sessionId"::text AS "sessionId", u."username" AS "sender", c."nameEn" AS "gift", g."quantity", g."coins",
        g."coins" - g."commission" AS "earned", g."message", g."returnedAt"
      FROM "SentGift" g JOIN "User" u ON u."id" = g."senderId" JOIN "Gift" c ON c."id" = g."giftId"
      WHERE g."recipientId" = ${recipientId}::uuid AND ${inRange(Prisma.sql`g."at"`, range)}
        AND g."id" > ${last?.id ?? firstIn(range)}::uuid ORDER BY g."id" LIMIT ${batch}::int`,
      this.#database,
    );
  }

  deposits(range: Range): AsyncGenerator<Row> {
    return inBatches(
      (last) => Prisma.sql`
      SELECT d."id", u."username" AS "user", d."provider", d."coins", d."amountMinor", d."currency", d."state"::text AS "state",
        d."coinsBack", d."createdAt", d."paidAt"
      FROM "Deposit" d JOIN "User" u ON u."id" = d."userId"
      WHERE ${inRange(Prisma.sql`d."createdAt"`, range)} AND d."id" > ${last?.id ?? firstIn(range)}::uuid
      ORDER BY d."id" LIMIT ${batch}::int`,
      this.#database,
    );
  }

  withdrawals(range: Range): AsyncGenerator<Row> {
    return inBatches(
      (last) => Prisma.sql`
      SELECT w."id", u."username" AS "user", w."coins", w."amountMinor", w."currency", w."state"::text AS "state", w."reference",
        w."createdAt", w."decidedAt", w."paidAt"
      FROM "Withdrawal" w JOIN "User" u ON u."id" = w."userId"
      WHERE ${inRange(Prisma.sql`w."createdAt"`, range)} AND w."id" > ${last?.id ?? firstIn(range)}::uuid
      ORDER BY w."id" LIMIT ${batch}::int`,
      this.#database,
    );
  }
}

/** Ids tell the time at which rows were made: those before the range aren't looked at. */
function firstIn({ from }: Range): string {
  return firstIdOf(Date.parse(from) - 2 * dayMs);
}

async function* inBatches(
  queryAfter: (last: Row | null) => Prisma.Sql,
  database: Database,
): AsyncGenerator<Row> {
  let last: Row | null = null;
  do {
    const rows: Row[] = await askedInZone(database.$queryRaw<Row[]>(queryAfter(last)));
    yield* rows;
    last = rows.length < batch ? null : (rows.at(-1) ?? null);
  } while (last !== null);
}
