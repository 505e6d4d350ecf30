import { AppError } from '@maydan/common';
import type { Database, DatabaseTransaction, Deposit, Prisma } from '@maydan/prisma';
import { z } from 'zod';
import { writeAudit, type Actor } from '../audit/audit.repo.ts';
import { debtOf, depositsAccount, walletOf } from '../ledger/accounts.ts';
import { coinsTakenBack, smaller } from '../ledger/arithmetic.ts';
import { claimKey, type KeyedRequest } from '../ledger/idempotency.repo.ts';
import { inTransaction, lockBalances, openAccounts, post } from '../ledger/ledger.repo.ts';
import { behind, type PageWish } from '../people/listed.ts';
import type { PaymentEvent } from './payments/PaymentProvider.ts';

type Returned = Extract<PaymentEvent, { kind: 'takenBack' | 'reinstated' }>;
/** The source of what an admin gave back. */
const byAdmin = 'admin';

const answer = z.object({ id: z.uuid() });

/**
 * Deposits in PostgreSQL. What is known of a payment is put together in its row, whatever came first, and the entries of the
 * ledger follow from the row: told again or in another order it comes to the same.
 */
export class DepositsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The deposit of the key: this one, or the one that was made before. */
  create(request: KeyedRequest, data: Prisma.DepositUncheckedCreateInput & { id: string }): Promise<Deposit> {
    return inTransaction(this.#database, async (transaction) => {
      const before = await claimKey(transaction, request, { id: data.id });
      if (before === null) return transaction.deposit.create({ data });
      return transaction.deposit.findUniqueOrThrow({ where: { id: answer.parse(before).id } });
    });
  }

  find(id: string): Promise<Deposit | null> {
    return this.#database.deposit.findUnique({ where: { id } });
  }

  /** Somebody's, the newest first; null: there is nobody of this id. */
  list(userId: string, { after, take }: PageWish): Promise<Deposit[]> {
    return this.#database.deposit.findMany({
      where: { AND: [{ userId }, behind(after, 'id')] },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take,
    });
  }

  setCheckout(id: string, checkoutUrl: string): Promise<Deposit> {
    return this.#database.deposit.update({ where: { id }, data: { checkoutUrl } });
  }

  /** What a provider tells; the deposit as it is then. Null: it has none. Throws `conflict` when another amount was paid. */
  async settle(provider: string, event: PaymentEvent): Promise<Deposit | null> {
    const known = await this.find(event.depositId);
    if (known === null || known.provider !== provider) return null;
    await openAccounts(this.#database, accountsOf(known));
    return inTransaction(this.#database, async (transaction) => {
      const deposit = await lockDeposit(transaction, known.id);
      if (event.kind === 'paid' || event.kind === 'failed')
        return write(transaction, learn(deposit, event, new Date()));
      return write(transaction, await returned(transaction, deposit, event));
    });
  }

  /** Whether an admin took its coins back. What was disputed, or refunded at the provider's own page, was not. */
  async isRefunded(depositId: string): Promise<boolean> {
    const where = { depositId_source: { depositId, source: byAdmin } };
    return (await this.#database.depositReturn.findUnique({ where })) !== null;
  }

  /** Takes the coins of a deposit back. Throws `conflict` unless it is paid and whole, and `insufficient_funds` when coins of it are spent. */
  takeBack(id: string, actor: Actor): Promise<Deposit> {
    return inTransaction(this.#database, async (transaction) => {
      const deposit = await lockDeposit(transaction, id);
      if (deposit.paidAt === null) throw new AppError('conflict', 'The deposit is not paid.');
      if (deposit.coinsBack > 0n) throw new AppError('conflict', 'The deposit was taken back before.');
      const balance = await lockBalances(transaction, accountsOf(deposit));
      if (balance(walletOf(deposit.userId)) < deposit.coins) throw new AppError('insufficient_funds');
      const about = { actor, target: { kind: 'deposit', id }, userId: deposit.userId } as const;
      const details = { coins: Number(deposit.coins) };
      await writeAudit(transaction, { ...about, action: 'deposit.refunded', details });
      const all = {
        kind: 'takenBack',
        depositId: id,
        source: byAdmin,
        backMinor: deposit.amountMinor,
      } as const;
      return write(transaction, await returned(transaction, deposit, all));
    });
  }
}

const accountsOf = ({ userId }: Deposit) => [walletOf(userId), debtOf(userId), depositsAccount];

async function lockDeposit(transaction: DatabaseTransaction, id: string): Promise<Deposit> {
  await transaction.$queryRaw`SELECT 1 AS "one" FROM "Deposit" WHERE "id" = ${id}::uuid FOR UPDATE`;
  return transaction.deposit.findUniqueOrThrow({ where: { id } });
}

/** The row with what an event adds to it. */
function learn(deposit: Deposit, event: Exclude<PaymentEvent, Returned>, at: Date): Deposit {
  switch (event.kind) {
    case 'paid': {
      const { amountMinor, currency, paymentId } = event;
      if (amountMinor !== deposit.amountMinor || currency !== deposit.currency) {
        throw new AppError('conflict', 'Another amount was paid than was asked for.');
      }
      return deposit.paidAt === null ? { ...deposit, state: 'paid', paidAt: at, paymentId } : deposit;
    }
    case 'failed':
      return deposit.paidAt === null ? { ...deposit, state: 'failed' } : deposit;
  }
}

/**
 * The row, with all that went back in whatever way and didn't come again; never more than was paid. A dispute that is known to
 * be won takes nothing, also when its beginning is heard of later. The deposit has to be locked.
 */
async function returned(
  transaction: DatabaseTransaction,
  deposit: Deposit,
  event: Returned,
): Promise<Deposit> {
  const { id: depositId, amountMinor } = deposit;
  const key = { depositId, source: event.source };
  const where = { depositId_source: key };
  const before = await transaction.depositReturn.findUnique({ where });
  const backMinor = event.kind === 'takenBack' ? event.backMinor : 0;
  const data = {
    backMinor: Math.min(Math.max(before?.backMinor ?? 0, backMinor), amountMinor),
    isUndone: before?.isUndone === true || event.kind === 'reinstated',
  };
  await transaction.depositReturn.upsert({ where, create: { ...key, ...data }, update: data });
  const { _sum } = await transaction.depositReturn.aggregate({
    where: { depositId, isUndone: false },
    _sum: { backMinor: true },
  });
  return { ...deposit, backMinor: Math.min(_sum.backMinor ?? 0, amountMinor) };
}

/** Stores the row and writes the entries that it has and the ledger has not. */
async function write(transaction: DatabaseTransaction, deposit: Deposit): Promise<Deposit> {
  const { id, state, paidAt, paymentId, backMinor, coins, amountMinor } = deposit;
  const before = await transaction.deposit.findUniqueOrThrow({ where: { id } });
  if (before.paidAt === null && paidAt !== null)
    await credit(transaction, deposit, { kind: 'deposit', ref: `deposit:${id}`, coins });
  const coinsBack = paidAt === null ? 0n : coinsTakenBack(coins, amountMinor, backMinor);
  const change = coinsBack - before.coinsBack;
  const backEntries = before.backEntries + (change === 0n ? 0 : 1);
  const ref = `deposit:${id}:return:${backEntries}`;
  if (change > 0n) await debit(transaction, deposit, change, ref);
  if (change < 0n) await credit(transaction, deposit, { kind: 'depositReinstated', ref, coins: -change });
  return transaction.deposit.update({
    where: { id },
    data: { state, paidAt, paymentId, backMinor, coinsBack, backEntries },
  });
}

/** What the user owes is paid first. */
async function credit(
  transaction: DatabaseTransaction,
  deposit: Deposit,
  entry: { readonly kind: 'deposit' | 'depositReinstated'; readonly ref: string; readonly coins: bigint },
): Promise<void> {
  const { userId } = deposit;
  const { kind, ref, coins } = entry;
  const balance = await lockBalances(transaction, accountsOf(deposit));
  const settled = smaller(coins, -balance(debtOf(userId)));
  await post(transaction, {
    kind,
    ref,
    postings: [
      { account: depositsAccount, amount: -coins },
      { account: debtOf(userId), amount: settled },
      { account: walletOf(userId), amount: coins - settled },
    ],
  });
}

/** Coins that were spent already become a debt. */
async function debit(
  transaction: DatabaseTransaction,
  deposit: Deposit,
  amount: bigint,
  ref: string,
): Promise<void> {
  const { userId } = deposit;
  const balance = await lockBalances(transaction, accountsOf(deposit));
  const there = smaller(amount, balance(walletOf(userId)));
  await post(transaction, {
    kind: 'depositReturn',
    ref,
    postings: [
      { account: walletOf(userId), amount: -there },
      { account: debtOf(userId), amount: there - amount },
      { account: depositsAccount, amount },
    ],
  });
}
