import type { Database, LedgerAccountKind, LedgerEntryKind } from '@maydan/prisma';
import type { PageWish } from '../people/listed.ts';

/** What an entry changed for a user, or what they have. */
export interface Amounts {
  readonly wallet: bigint;
  readonly receiving: bigint;
  readonly held: bigint;
  readonly debt: bigint;
}

export interface TransactionRow extends Amounts {
  readonly id: string;
  readonly kind: LedgerEntryKind;
  readonly at: Date;
}

/** What the ledger says about one user. */
export class WalletRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async balances(ownerId: string): Promise<Amounts> {
    const sums = await this.#database.ledgerAccount.groupBy({
      by: ['kind'],
      where: { ownerId },
      _sum: { balance: true },
    });
    const of = (kind: LedgerAccountKind): bigint => sums.find((sum) => sum.kind === kind)?._sum.balance ?? 0n;
    return { wallet: of('wallet'), receiving: of('receiving'), held: of('held'), debt: of('debt') };
  }

  /** The newest first. Of each of the user's accounts no more rows are read than the page has. */
  transactions(ownerId: string, { after, take }: PageWish): Promise<TransactionRow[]> {
    return this.#database.$queryRaw<TransactionRow[]>`
      WITH mine AS (SELECT "id", "kind" FROM "LedgerAccount" WHERE "ownerId" = ${ownerId}::uuid),
      page AS (
        SELECT DISTINCT newest."entryId" FROM mine CROSS JOIN LATERAL (
          SELECT "entryId" FROM "LedgerPosting" WHERE "accountId" = mine."id"
            AND (${after?.id ?? null}::uuid IS NULL OR "entryId" < ${after?.id ?? null}::uuid)
          ORDER BY "entryId" DESC LIMIT ${take}) AS newest
        ORDER BY newest."entryId" DESC LIMIT ${take})
      SELECT e."id", e."kind"::text AS "kind", e."at",
        coalesce(sum(p."amount") FILTER (WHERE mine."kind" = 'wallet'), 0)::bigint AS "wallet",
        coalesce(sum(p."amount") FILTER (WHERE mine."kind" = 'receiving'), 0)::bigint AS "receiving",
        coalesce(sum(p."amount") FILTER (WHERE mine."kind" = 'held'), 0)::bigint AS "held",
        coalesce(sum(p."amount") FILTER (WHERE mine."kind" = 'debt'), 0)::bigint AS "debt"
      FROM page JOIN "LedgerEntry" e ON e."id" = page."entryId"
        JOIN "LedgerPosting" p ON p."entryId" = e."id" JOIN mine ON mine."id" = p."accountId"
      GROUP BY e."id" ORDER BY e."id" DESC`;
  }
}
