import { Prisma, newId, type Database, type DatabaseTransaction, type LedgerEntryKind } from '@maydan/prisma';
import { AppError } from '@maydan/common';
import type { Account } from './accounts.ts';

/** Coins that an account gets, or gives (negative). */
export interface Posting {
  readonly account: Account;
  readonly amount: bigint;
}

export interface NewEntry {
  readonly id?: string;
  readonly kind: LedgerEntryKind;
  /** What it is of: that moves coins once, whoever tries again. */
  readonly ref: string;
  /** They sum to zero; those of nothing are left out. */
  readonly postings: readonly Posting[];
}

const attempts = 6;

/**
 * A transaction of the ledger, done again when it lost against another one (SQLSTATE 40001, 40P01).
 * Throws `insufficient_funds` when an account would go below zero; nothing has changed then.
 */
export async function inTransaction<T>(
  database: Database,
  work: (transaction: DatabaseTransaction) => Promise<T>,
): Promise<T> {
  return retrying(() => database.$transaction(work));
}

/** As `inTransaction`, for work that is a transaction by itself. */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (isOverdrawn(error))
        throw new AppError('insufficient_funds', undefined, undefined, { cause: error });
      if (attempt === attempts || !isLost(error)) throw error;
    }
  }
}

/** Makes accounts that aren't there yet; before they are locked or posted to. In the order of their ids, as all locks. */
export async function openAccounts(
  database: Pick<DatabaseTransaction, '$executeRaw'>,
  accounts: readonly Account[],
): Promise<void> {
  const sorted = [...accounts].sort((one, other) => (one.id < other.id ? -1 : 1));
  await database.$executeRaw`
    INSERT INTO "LedgerAccount" ("id", "kind", "ownerId", "shard")
    SELECT "id", "kind"::"LedgerAccountKind", "ownerId", "shard"
    FROM unnest(${sorted.map(({ id }) => id)}::uuid[], ${sorted.map(({ kind }) => kind)}::text[],
      ${sorted.map(({ ownerId }) => ownerId)}::uuid[], ${sorted.map(({ shard }) => shard)}::int[])
      AS a("id", "kind", "ownerId", "shard")
    ON CONFLICT DO NOTHING`;
}

/** Balances that nobody else changes until the transaction ends. Accounts that aren't there have nothing. */
export async function lockBalances(
  transaction: DatabaseTransaction,
  accounts: readonly Account[],
): Promise<(account: Account) => bigint> {
  const rows = await transaction.$queryRaw<{ id: string; balance: bigint }[]>`
    SELECT "id", "balance" FROM "LedgerAccount" WHERE "id" = ANY(${accounts.map(({ id }) => id)}::uuid[])
    ORDER BY "id" FOR NO KEY UPDATE`;
  const balances = new Map(rows.map(({ id, balance }) => [id, balance]));
  return ({ id }) => balances.get(id) ?? 0n;
}

/** Writes an entry whose accounts are there. Its id. */
export async function post(transaction: DatabaseTransaction, entry: NewEntry): Promise<string> {
  const id = entry.id ?? newId();
  const postings = entry.postings.filter(({ amount }) => amount !== 0n);
  await transaction.$executeRaw`
    INSERT INTO "LedgerEntry" ("id", "kind", "ref", "postings")
    VALUES (${id}::uuid, ${entry.kind}::"LedgerEntryKind", ${entry.ref}, ${postings.length}::int)`;
  await transaction.$executeRaw`
    INSERT INTO "LedgerPosting" ("accountId", "entryId", "amount")
    SELECT "accountId", ${id}::uuid, "amount"
    FROM unnest(${postings.map(({ account }) => account.id)}::uuid[], ${postings.map(({ amount }) => amount)}::bigint[])
      AS p("accountId", "amount")`;
  return id;
}

function isLost(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) {
    return error instanceof Error && 'code' in error && (error.code === '40001' || error.code === '40P01');
  }
  return (
    error.code === 'P2034' || /\b(40001|40P01)\b|TransactionWriteConflict/.test(JSON.stringify(error.meta))
  );
}

/** The check of the balance refused: its name is in the message. */
function isOverdrawn(error: unknown): boolean {
  return error instanceof Error && error.message.includes('LedgerAccount_balance_check');
}
