import type { Deposit, Withdrawal } from '@maydan/contracts';
import type { Deposit as DepositRow, Withdrawal as WithdrawalRow } from '@maydan/prisma';
import type { Amounts } from './wallet.repo.ts';

/** Coins of somebody's accounts as the wallet shows them. */
export function amountsView({ wallet, receiving, held, debt }: Amounts) {
  return {
    ...{ balance: Number(wallet), earned: Number(receiving), held: Number(held) },
    owed: Number(-debt),
  };
}

export function depositView(row: DepositRow): Deposit {
  const { id, amountMinor, currency, state, createdAt, paidAt } = row;
  return {
    ...{ id, amountMinor, currency, state },
    coins: Number(row.coins),
    checkoutUrl: state === 'pending' ? row.checkoutUrl : null,
    coinsBack: Number(row.coinsBack),
    createdAt: createdAt.toISOString(),
    paidAt: paidAt?.toISOString() ?? null,
  };
}

export function withdrawalView(row: WithdrawalRow): Withdrawal {
  const { id, amountMinor, currency, destination, state, reason, reference } = row;
  return {
    ...{ id, amountMinor, currency, destination, state, reason, reference },
    coins: Number(row.coins),
    createdAt: row.createdAt.toISOString(),
    decidedAt: row.decidedAt?.toISOString() ?? null,
    paidAt: row.paidAt?.toISOString() ?? null,
  };
}
