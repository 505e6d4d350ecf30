import { AppError, type Logger } from '@maydan/common';
import type { Deposit, DepositPage } from '@maydan/contracts';
import { newId, type Deposit as DepositRow, type User } from '@maydan/prisma';
import { actorOf } from '../audit/audit.repo.ts';
import { requireRole } from '../identity/requireRole.ts';
import { priceOf } from '../ledger/arithmetic.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { BookOwners } from './bookOwners.repo.ts';
import type { DepositsRepo } from './deposits.repo.ts';
import type { PaymentProvider } from './payments/PaymentProvider.ts';
import { requireStorable, type Prices } from './prices.ts';
import { depositView } from './views.ts';

export interface DepositsDependencies {
  readonly deposits: DepositsRepo;
  readonly owners: BookOwners;
  /** Null: nobody can buy coins here. */
  readonly provider: PaymentProvider | null;
  readonly prices: Prices;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

/** Buying coins (feature G5): coins are there when the provider says that they are paid, once. */
export class DepositsService {
  readonly #deps: DepositsDependencies;

  constructor(dependencies: DepositsDependencies) {
    this.#deps = dependencies;
  }

  /** Throws `unavailable` without a provider, and `idempotency_conflict`. */
  async create(user: User, key: string, request: { coins: number }): Promise<Deposit> {
    const { deposits, limits, prices, logger } = this.#deps;
    const provider = this.#provider;
    await limits.wallet(user.id);
    const coins = BigInt(request.coins);
    const amountMinor = requireStorable(priceOf(coins, prices.depositMinor));
    const { name, currency } = { name: provider.name, currency: prices.currency };
    const asked = { userId: user.id, key, operation: 'deposit', request };
    const row = await deposits.create(asked, {
      ...{ id: newId(), userId: user.id, provider: name, coins, amountMinor, currency },
    });
    if (row.state !== 'pending' || row.checkoutUrl !== null || row.provider !== name) return depositView(row);
    const checkoutUrl = await answered(provider.createCheckout(row));
    logger.info({ userId: user.id, depositId: row.id, coins: request.coins }, 'a deposit was begun');
    return depositView(await deposits.setCheckout(row.id, checkoutUrl));
  }

  /** Throws `not_found` unless it is the user's own. */
  async get(user: User, id: string): Promise<Deposit> {
    const row = await this.find(id);
    if (row.userId !== user.id) throw new AppError('not_found');
    return depositView(row);
  }

  /** Throws `not_found`. */
  async find(id: string): Promise<DepositRow> {
    const row = await this.#deps.deposits.find(id);
    if (row === null) throw new AppError('not_found');
    return row;
  }

  /** Somebody's, for admins, also of a deleted account, as the books stay. Throws `forbidden` and `not_found`. */
  async listOf(admin: User, { id, cursor, limit }: PageInput & { id: string }): Promise<DepositPage> {
    await this.#deps.owners.requireFor(admin, id);
    const after = cursor === undefined ? null : decodeCursor(cursor);
    const rows = await this.#deps.deposits.list(id, { after, take: limit + 1 });
    const { page, nextCursor } = pageOf(rows, limit, ({ createdAt, id: rowId }) => ({
      at: createdAt,
      id: rowId,
    }));
    return { items: page.map(depositView), nextCursor };
  }

  /** What a provider sends. Throws `not_found`, `forbidden` unless it is signed, and `conflict` when it says what can't be. */
  async receive(
    providerName: string,
    body: Buffer,
    header: (name: string) => string | undefined,
  ): Promise<void> {
    const { deposits, provider, logger } = this.#deps;
    if (provider?.name !== providerName) throw new AppError('not_found');
    const event = await provider.readEvent(body, header);
    if (event === null) return;
    const { kind, depositId } = event;
    const settled = await deposits.settle(providerName, event);
    if (settled === null) throw new AppError('not_found', 'There is no such deposit.');
    logger.info({ depositId, kind, state: settled.state }, 'a payment was heard of');
  }

  /**
   * By an admin. Throws `forbidden`, `not_found`, `conflict` when its money went back otherwise, `insufficient_funds` when coins of it are
   * spent, and `unavailable` when the provider doesn't do it: asked again, it is tried again.
   */
  async refund(admin: User, id: string): Promise<Deposit> {
    requireRole(admin, 'admin');
    const { deposits, logger } = this.#deps;
    const provider = this.#provider;
    const row = await this.find(id);
    if (row.provider !== provider.name) throw new AppError('conflict', 'Its payment provider is not in use.');
    // The coins first: nobody spends them while the money is on its way back. Asked again, the money goes back then.
    const taken = (await deposits.isRefunded(id)) ? row : await deposits.takeBack(id, actorOf(admin));
    await answered(provider.refund(taken));
    logger.info({ depositId: id, adminId: admin.id }, 'a deposit was refunded');
    return depositView(taken);
  }

  get #provider(): PaymentProvider {
    const { provider } = this.#deps;
    if (provider === null) throw new AppError('unavailable', 'Coins can not be bought here.');
    return provider;
  }
}

/** Throws `unavailable`. */
async function answered<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw new AppError('unavailable', 'The payment provider does not answer.', undefined, { cause: error });
  }
}
