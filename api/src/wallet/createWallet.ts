import type { Logger } from '@maydan/common';
import type { LedgerAudit } from '@maydan/contracts';
import type { Database, User } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import { requireRole } from '../identity/requireRole.ts';
import { auditLedger } from '../ledger/audit.repo.ts';
import { deleteOldKeys } from '../ledger/idempotency.repo.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import { BookOwners } from './bookOwners.repo.ts';
import { DepositsRepo } from './deposits.repo.ts';
import { DepositsService } from './deposits.service.ts';
import type { PaymentProvider } from './payments/PaymentProvider.ts';
import { paymentsRoutes } from './payments/payments.routes.ts';
import { StripeProvider } from './payments/StripeProvider.ts';
import { TestProvider } from './payments/TestProvider.ts';
import type { Prices } from './prices.ts';
import { WalletRepo } from './wallet.repo.ts';
import { WalletService } from './wallet.service.ts';
import { WithdrawalsRepo } from './withdrawals.repo.ts';
import { WithdrawalsService } from './withdrawals.service.ts';

export interface WalletParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

/** The parts of wallet, deposits and withdrawals, wired up. */
export function createWallet({ config, database, limits, logger }: WalletParts) {
  const prices = pricesOf(config);
  const provider = providerOf(config);
  const walletRepo = new WalletRepo(database);
  const withdrawalsRepo = new WithdrawalsRepo(database);
  const owners = new BookOwners(database);
  const shared = { owners, prices, limits, logger };
  const deposits = new DepositsService({ ...shared, deposits: new DepositsRepo(database), provider });
  return {
    ...{ prices, owners, walletRepo, withdrawalsRepo, deposits },
    wallet: new WalletService(walletRepo, owners, prices),
    withdrawals: new WithdrawalsService({ ...shared, withdrawals: withdrawalsRepo }),
    payments: paymentsRoutes(deposits, provider instanceof TestProvider ? provider : null),
    audit: (): Promise<LedgerAudit> => auditLedger(database),
    auditAs: (admin: User): Promise<LedgerAudit> => {
      requireRole(admin, 'admin');
      return auditLedger(database);
    },
    deleteOldKeys: (now: Date) => deleteOldKeys(database, now),
  };
}

function pricesOf(config: ApiConfig): Prices {
  return {
    currency: config.COIN_CURRENCY,
    depositMinor: config.COIN_PRICE_PER_100,
    payoutMinor: config.COIN_PAYOUT_PER_100,
    commissionPercent: config.GIFT_COMMISSION_PERCENT,
  };
}

/** Unset it is the test provider, in production none: there coins are never free. */
function providerOf(config: ApiConfig): PaymentProvider | null {
  const {
    STRIPE_SECRET_KEY: secretKey,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    PUBLIC_URL: publicUrl,
  } = config;
  switch (config.PAYMENT_PROVIDER ?? (config.NODE_ENV === 'production' ? 'none' : 'test')) {
    case 'none':
      return null;
    case 'test':
      return new TestProvider(config.ACCESS_TOKEN_SECRET, publicUrl ?? '');
    case 'stripe':
      if (secretKey === undefined || webhookSecret === undefined || publicUrl === undefined) {
        throw new Error('the configuration was not checked');
      }
      return new StripeProvider({ secretKey, webhookSecret, publicUrl, apiUrl: config.STRIPE_API_URL });
  }
}
