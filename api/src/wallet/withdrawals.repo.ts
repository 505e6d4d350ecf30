import { AppError } from '@maydan/common';
import {
  newId,
  type Database,
  type DatabaseTransaction,
  type Withdrawal,
  type WithdrawalState,
} from '@maydan/prisma';
import { writeAudit, type Actor } from '../audit/audit.repo.ts';
import { allReceivingOf, debtOf, heldOf, paidAccount, receivingOf } from '../ledger/accounts.ts';
import { smaller, takeFrom } from '../ledger/arithmetic.ts';
import { claimKey, type KeyedRequest } from '../ledger/idempotency.repo.ts';
import { inTransaction, lockBalances, openAccounts, post } from '../ledger/ledger.repo.ts';
import { publicFields, type PageWish } from '../people/listed.ts';
import { withdrawalView } from './views.ts';

/** Requests of one user that nobody has dealt with. */
const maxOpen = 10;
export const openStates = ['requested', 'approved'] as const satisfies WithdrawalState[];

export interface NewWithdrawal {
  readonly userId: string;
  readonly coins: bigint;
  readonly amountMinor: number;
  readonly currency: string;
  readonly destination: string;
}
export type UserOfWithdrawal = { id: string; username: string; displayName: string };

/** What an admin, or the user, decides; the state has to be one of `from`. */
export interface Decision {
  readonly from: readonly WithdrawalState[];
  readonly to: 'approved' | 'paid' | 'rejected' | 'cancelled';
  /** The admin. Null: the user. */
  readonly by: Actor | null;
  readonly reason?: string;
  readonly reference?: string;
}

/** Withdrawals in PostgreSQL, each with its entries of the ledger in the same transaction. */
export class WithdrawalsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Holds the coins. What the user owes is paid first. The stored answer when it was asked before. Throws `insufficient_funds`,
   * `conflict` with too many open requests, and `idempotency_conflict`.
   */
  async create(request: KeyedRequest, data: NewWithdrawal): Promise<unknown> {
    const { userId, coins } = data;
    const id = newId();
    const accounts = [...allReceivingOf(userId), heldOf(userId), debtOf(userId)];
    await openAccounts(this.#database, accounts);
    return inTransaction(this.#database, async (transaction) => {
      const createdAt = new Date();
      const row = { ...data, id, state: 'requested', createdAt, decidedById: null } as const;
      const answer = withdrawalView({ ...row, reason: null, reference: null, decidedAt: null, paidAt: null });
      const before = await claimKey(transaction, request, answer);
      if (before !== null) return before;
      await lockBalances(transaction, accounts);
      const open = { userId, state: { in: [...openStates] } };
      if ((await transaction.withdrawal.count({ where: open })) >= maxOpen) {
        throw new AppError('conflict', `You have ${maxOpen} open withdrawals.`);
      }
      await settleDebt(transaction, userId, id);
      const postings = await fromReceiving(transaction, userId, coins);
      await transaction.withdrawal.create({ data: row });
      await post(transaction, {
        kind: 'withdrawalHold',
        ref: `withdrawal:${id}`,
        postings: [...postings, { account: heldOf(userId), amount: coins }],
      });
      return answer;
    });
  }

  /** With its entry of the ledger. Null: it isn't there, or in another state. */
  async decide(id: string, decision: Decision): Promise<Withdrawal | null> {
    const { from, to, by, reason, reference } = decision;
    const now = new Date();
    const when = to === 'paid' ? { paidAt: now } : { decidedAt: now };
    const who = by === null ? {} : { decidedById: by.id };
    const words = {
      ...(reason === undefined ? {} : { reason }),
      ...(reference === undefined ? {} : { reference }),
    };
    if (to === 'paid') await openAccounts(this.#database, [paidAccount]);
    return inTransaction(this.#database, async (transaction) => {
      const { count } = await transaction.withdrawal.updateMany({
        where: { id, state: { in: [...from] } },
        data: { state: to, ...when, ...who, ...words },
      });
      if (count === 0) return null;
      const row = await transaction.withdrawal.findUniqueOrThrow({ where: { id } });
      if (to !== 'approved') await release(transaction, row);
      if (by !== null && to !== 'cancelled') {
        const about = { actor: by, target: { kind: 'withdrawal', id }, userId: row.userId } as const;
        const details = { coins: Number(row.coins) };
        await writeAudit(transaction, {
          ...about,
          action: `withdrawal.${to}`,
          reason: reason ?? null,
          details,
        });
      }
      return row;
    });
  }

  find(id: string): Promise<Withdrawal | null> {
    return this.#database.withdrawal.findUnique({ where: { id } });
  }

  /** Of one user, the newest first. */
  listOf(userId: string, { after, take }: PageWish): Promise<Withdrawal[]> {
    const position =
      after === null
        ? {}
        : { OR: [{ createdAt: { lt: after.at } }, { createdAt: after.at, id: { lt: after.id } }] };
    return this.#database.withdrawal.findMany({
      where: { AND: [{ userId }, position] },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take,
    });
  }

  /** Of all users, in one state, the oldest first. */
  listIn(state: WithdrawalState, { after, take }: PageWish): Promise<Withdrawal[]> {
    const position =
      after === null
        ? {}
        : { OR: [{ createdAt: { gt: after.at } }, { createdAt: after.at, id: { gt: after.id } }] };
    return this.#database.withdrawal.findMany({
      where: { AND: [{ state }, position] },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      take,
    });
  }

  async usersOf(rows: readonly Withdrawal[]): Promise<Map<string, UserOfWithdrawal>> {
    const ids = [...new Set(rows.map(({ userId }) => userId))];
    const users = await this.#database.user.findMany({ where: { id: { in: ids } }, ...publicFields });
    return new Map(users.map((user) => [user.id, user]));
  }
}

/** Pays what the user owes with what they have earned. The accounts are locked. */
async function settleDebt(
  transaction: DatabaseTransaction,
  userId: string,
  withdrawalId: string,
): Promise<void> {
  const balance = await lockBalances(transaction, [...allReceivingOf(userId), debtOf(userId)]);
  const earned = allReceivingOf(userId).reduce((sum, account) => sum + balance(account), 0n);
  const owed = -balance(debtOf(userId));
  const amount = smaller(owed, earned);
  if (amount > 0n) {
    const postings = await fromReceiving(transaction, userId, amount);
    await post(transaction, {
      kind: 'debtSettlement',
      ref: `withdrawal:${withdrawalId}:debt`,
      postings: [...postings, { account: debtOf(userId), amount }],
    });
  }
  if (owed > amount) throw new AppError('insufficient_funds');
}

/** Postings that take coins out of what the user has earned, whose accounts are locked. Throws `insufficient_funds`. */
async function fromReceiving(transaction: DatabaseTransaction, userId: string, amount: bigint) {
  const accounts = allReceivingOf(userId);
  const balance = await lockBalances(transaction, accounts);
  const { taken, missing } = takeFrom(accounts.map(balance), amount);
  if (missing > 0n) throw new AppError('insufficient_funds');
  return accounts.map((account, at) => ({ account, amount: -(taken[at] ?? 0n) }));
}

/** The held coins are paid out, or go back to where they were earned. */
async function release(
  transaction: DatabaseTransaction,
  { id, userId, coins, state }: Withdrawal,
): Promise<void> {
  const isPaid = state === 'paid';
  await post(transaction, {
    kind: isPaid ? 'withdrawalPayout' : 'withdrawalReturn',
    ref: `withdrawal:${id}:released`,
    postings: [
      { account: heldOf(userId), amount: -coins },
      { account: isPaid ? paidAccount : receivingOf(userId, 0), amount: coins },
    ],
  });
}
