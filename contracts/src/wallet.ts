import { z } from 'zod';
import { cleanLine, showsSomething } from './cleanText.ts';
import { isoDate } from './ids.ts';
import { pageInput } from './people.ts';
import { publicUser } from './sessions.ts';

/** An amount of coins that somebody names. */
export const coins = z.int().min(1).max(1_000_000_000);
/** Coins that an account has or that moved; JSON numbers are exact up to 2^53. */
export const coinAmount = z.int();
/** ISO 4217, lower case. */
const currency = z.string().regex(/^[a-z]{3}$/);
/** In the smallest unit of the currency. */
const amountMinor = z.int().min(0);

/**
 * Names a request: sent again with the same key it is not done again, and is answered as the first time. The same key with
 * another body is refused (`idempotency_conflict`). Keys are each user's own and are remembered for 90 days.
 */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{8,100}$/, 'must be 8 to 100 visible ASCII characters');
/** The header of requests that are done once. */
export const keyedHeaders = z.object({ 'idempotency-key': idempotencyKey });

export const wallet = z.object({
  /** What can be spent. */
  balance: coinAmount,
  /** What gifts brought and can be withdrawn. */
  earned: coinAmount,
  /** What is held for open withdrawals. */
  held: coinAmount,
  /** What was spent although its payment was taken back; the next deposits and withdrawals pay it. */
  owed: coinAmount,
  prices: z.object({
    currency,
    /** Of 100 coins. */
    depositMinor: amountMinor,
    payoutMinor: amountMinor,
    /** The platform's part of a gift. */
    commissionPercent: z.int().min(0).max(100),
  }),
});
export type Wallet = z.infer<typeof wallet>;

export const transactionKind = z.enum([
  'deposit',
  'depositReturn',
  /** Coins of a disputed payment came again: the dispute was won. */
  'depositReinstated',
  'gift',
  'giftReturn',
  'debtSettlement',
  'withdrawalHold',
  'withdrawalReturn',
  'withdrawalPayout',
]);
/** What an entry of the ledger changed for the user: positive numbers are more than before. */
export const transaction = z.object({
  id: z.uuid(),
  kind: transactionKind,
  at: isoDate,
  balance: coinAmount,
  earned: coinAmount,
  held: coinAmount,
  owed: coinAmount,
});
export type Transaction = z.infer<typeof transaction>;
export const transactionPage = z.object({ items: z.array(transaction), nextCursor: z.string().nullable() });
export type TransactionPage = z.infer<typeof transactionPage>;

export const depositInput = z.object({ coins: coins.max(10_000_000) });
export const deposit = z.object({
  id: z.uuid(),
  coins: coinAmount,
  amountMinor,
  currency,
  state: z.enum(['pending', 'paid', 'failed']),
  /** Where it is paid; null once it is, or when it failed. */
  checkoutUrl: z.string().nullable(),
  /** Coins that went again, for the payment was taken back or refunded. */
  coinsBack: coinAmount,
  createdAt: isoDate,
  paidAt: isoDate.nullable(),
});
export type Deposit = z.infer<typeof deposit>;
export const depositPage = z.object({ items: z.array(deposit), nextCursor: z.string().nullable() });
export type DepositPage = z.infer<typeof depositPage>;

export const withdrawalState = z.enum(['requested', 'approved', 'paid', 'rejected', 'cancelled']);
const line = (max: number) =>
  z.string().max(max).overwrite(cleanLine).refine(showsSomething, 'must not be empty');
export const withdrawalInput = z.object({
  coins,
  /** Where the money goes to, in words: an account's number and holder. */
  destination: line(200),
});
export const withdrawal = z.object({
  id: z.uuid(),
  coins: coinAmount,
  amountMinor,
  currency,
  destination: z.string(),
  state: withdrawalState,
  /** Why it was rejected. */
  reason: z.string().nullable(),
  /** Of the transfer. */
  reference: z.string().nullable(),
  createdAt: isoDate,
  decidedAt: isoDate.nullable(),
  paidAt: isoDate.nullable(),
});
export type Withdrawal = z.infer<typeof withdrawal>;
export const withdrawalPage = z.object({ items: z.array(withdrawal), nextCursor: z.string().nullable() });
export type WithdrawalPage = z.infer<typeof withdrawalPage>;

/** A withdrawal as admins see it. */
export const userWithdrawal = withdrawal.extend({ user: publicUser });
export type UserWithdrawal = z.infer<typeof userWithdrawal>;
export const userWithdrawalPage = z.object({
  items: z.array(userWithdrawal),
  nextCursor: z.string().nullable(),
});
export type UserWithdrawalPage = z.infer<typeof userWithdrawalPage>;
export const withdrawalListInput = pageInput.extend({ state: withdrawalState.default('requested') });
export const withdrawalRejectInput = z.object({ id: z.uuid(), reason: line(200) });
export const withdrawalPayInput = z.object({ id: z.uuid(), reference: line(100) });

/** Whether the books balance, and what doesn't. */
export const ledgerAudit = z.object({
  ok: z.boolean(),
  at: isoDate,
  accounts: z.int(),
  entries: z.int(),
  postings: z.int(),
  problems: z.array(
    z.object({
      check: z.string(),
      /** How many rows are wrong. */
      count: z.int(),
      /** Ids of some of them. */
      examples: z.array(z.string()),
    }),
  ),
});
export type LedgerAudit = z.infer<typeof ledgerAudit>;
