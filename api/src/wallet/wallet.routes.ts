import type { LedgerAudit } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { SignedInProcedures } from '../http/context.ts';
import type { DepositsService } from './deposits.service.ts';
import type { WalletService } from './wallet.service.ts';
import type { WithdrawalsService } from './withdrawals.service.ts';

export interface WalletServices {
  readonly wallet: WalletService;
  readonly deposits: DepositsService;
  readonly withdrawals: WithdrawalsService;
  readonly auditAs: (admin: User) => Promise<LedgerAudit>;
}

export function walletRoutes(services: WalletServices, { wallet: mine }: SignedInProcedures) {
  const { wallet, deposits, withdrawals } = services;
  return {
    get: mine.get.handler(({ context }) => wallet.get(context.user)),
    transactions: mine.transactions.handler(({ input, context }) => wallet.transactions(context.user, input)),
    createDeposit: mine.createDeposit.handler(({ input: { headers, body }, context }) =>
      deposits.create(context.user, headers['idempotency-key'], body),
    ),
    getDeposit: mine.getDeposit.handler(({ input, context }) => deposits.get(context.user, input.id)),
    createWithdrawal: mine.createWithdrawal.handler(({ input: { headers, body }, context }) =>
      withdrawals.create(context.user, headers['idempotency-key'], body),
    ),
    withdrawals: mine.withdrawals.handler(({ input, context }) => withdrawals.list(context.user, input)),
    cancelWithdrawal: mine.cancelWithdrawal.handler(({ input, context }) =>
      withdrawals.cancel(context.user, input.id),
    ),
  };
}

export function moneyRoutes(services: WalletServices, { money }: SignedInProcedures) {
  const { wallet, deposits, withdrawals, auditAs } = services;
  return {
    withdrawals: money.withdrawals.handler(({ input, context }) => withdrawals.listIn(context.user, input)),
    approve: money.approve.handler(({ input, context }) => withdrawals.approve(context.user, input.id)),
    reject: money.reject.handler(({ input, context }) => withdrawals.reject(context.user, input)),
    pay: money.pay.handler(({ input, context }) => withdrawals.pay(context.user, input)),
    transactions: money.transactions.handler(({ input, context }) =>
      wallet.transactionsOf(context.user, input),
    ),
    withdrawalsOf: money.withdrawalsOf.handler(({ input, context }) =>
      withdrawals.listOf(context.user, input),
    ),
    deposits: money.deposits.handler(({ input, context }) => deposits.listOf(context.user, input)),
    refundDeposit: money.refundDeposit.handler(({ input, context }) =>
      deposits.refund(context.user, input.id),
    ),
    audit: money.audit.handler(({ context }) => auditAs(context.user)),
  };
}
