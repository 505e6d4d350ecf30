import type { LedgerAudit } from '@maydan/contracts';
import { createPrisma, Prisma, type Database, type DatabaseTransaction } from '@maydan/prisma';

/** What each query finds is wrong; it names the rows. */
const checks: Record<string, Prisma.Sql> = {
  'the postings of each entry sum to zero in each currency': Prisma.sql`
    SELECT p."entryId" AS "id" FROM "LedgerPosting" p JOIN "LedgerAccount" a ON a."id" = p."accountId"
    GROUP BY p."entryId", a."currency" HAVING sum(p."amount") <> 0`,
  'each entry has all its postings': Prisma.sql`
    SELECT e."id" FROM "LedgerEntry" e LEFT JOIN "LedgerPosting" p ON p."entryId" = e."id"
    GROUP BY e."id" HAVING count(p."accountId") <> e."postings"`,
  'each posting has its account': Prisma.sql`
    SELECT p."entryId" AS "id" FROM "LedgerPosting" p LEFT JOIN "LedgerAccount" a ON a."id" = p."accountId" WHERE a."id" IS NULL`,
  'each balance is the sum of its postings': Prisma.sql`
    SELECT a."id" FROM "LedgerAccount" a LEFT JOIN
      (SELECT "accountId", sum("amount") AS "sum" FROM "LedgerPosting" GROUP BY "accountId") p ON p."accountId" = a."id"
    WHERE a."balance" <> coalesce(p."sum", 0)`,
  'nobody is below zero': Prisma.sql`
    SELECT "id" FROM "LedgerAccount" WHERE CASE "kind" WHEN 'debt' THEN "balance" > 0 WHEN 'deposits' THEN "balance" > 0
      WHEN 'commission' THEN false ELSE "balance" < 0 END`,
  'all accounts together have nothing': Prisma.sql`
    SELECT "currency" AS "id" FROM "LedgerAccount" GROUP BY "currency" HAVING sum("balance") <> 0`,
  'each sent gift is in the ledger as it is listed': Prisma.sql`
    SELECT g."id" FROM "SentGift" g LEFT JOIN LATERAL (
      SELECT sum(p."amount") FILTER (WHERE a."kind" = 'wallet' AND a."ownerId" = g."senderId") AS "paid",
        sum(p."amount") FILTER (WHERE a."kind" = 'receiving' AND a."ownerId" = g."recipientId") AS "received"
      FROM "LedgerPosting" p JOIN "LedgerAccount" a ON a."id" = p."accountId" WHERE p."entryId" = g."id") l ON true
    WHERE coalesce(l."paid", 0) <> -g."coins" OR coalesce(l."received", 0) <> g."coins" - g."commission"`,
  'what came in is what was paid for': Prisma.sql`
    SELECT 'deposits' AS "id" WHERE (SELECT coalesce(-sum("balance"), 0) FROM "LedgerAccount" WHERE "kind" = 'deposits')
      <> (SELECT coalesce(sum("coins" - "coinsBack"), 0) FROM "Deposit" WHERE "paidAt" IS NOT NULL)`,
  'what is held is what open withdrawals ask for': Prisma.sql`
    SELECT a."ownerId" AS "id" FROM "LedgerAccount" a LEFT JOIN (
      SELECT "userId", sum("coins") AS "coins" FROM "Withdrawal" WHERE "state" IN ('requested', 'approved') GROUP BY "userId") w
      ON w."userId" = a."ownerId"
    WHERE a."kind" = 'held' AND a."balance" <> coalesce(w."coins", 0)`,
  'what went out is what was paid out': Prisma.sql`
    SELECT 'paid' AS "id" WHERE (SELECT coalesce(sum("balance"), 0) FROM "LedgerAccount" WHERE "kind" = 'paid')
      <> (SELECT coalesce(sum("coins"), 0) FROM "Withdrawal" WHERE "state" = 'paid')`,
};

/** Proves that the books balance, on one snapshot of them. It reads all of the ledger. */
export async function auditLedger(database: Database): Promise<LedgerAudit> {
  return database.$transaction(
    async (transaction) => {
      const at = new Date().toISOString();
      const problems: LedgerAudit['problems'] = [];
      for (const [check, query] of Object.entries(checks)) {
        const { count, examples } = await wrongRows(transaction, query);
        if (count > 0) problems.push({ check, count, examples });
      }
      const accounts = await transaction.ledgerAccount.count();
      const entries = await transaction.ledgerEntry.count();
      const postings = await transaction.ledgerPosting.count();
      return { ok: problems.length === 0, at, accounts, entries, postings, problems };
    },
    { isolationLevel: 'RepeatableRead', timeout: 600_000, maxWait: 10_000 },
  );
}

/** The same over a connection of its own. */
export async function auditDatabase(databaseUrl: string): Promise<LedgerAudit> {
  const database = createPrisma(databaseUrl, { maxConnections: 1 });
  try {
    return await auditLedger(database);
  } finally {
    await database.$disconnect();
  }
}

async function wrongRows(transaction: DatabaseTransaction, query: Prisma.Sql) {
  const [row] = await transaction.$queryRaw<{ count: number; examples: string[] }[]>`
    WITH wrong AS (${query})
    SELECT (SELECT count(*)::int FROM wrong) AS "count", ARRAY(SELECT "id"::text FROM wrong LIMIT 10) AS "examples"`;
  return row ?? { count: 0, examples: [] };
}
