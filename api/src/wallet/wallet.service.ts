import type { TransactionPage, Wallet } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { BookOwners } from './bookOwners.repo.ts';
import type { Prices } from './prices.ts';
import { amountsView } from './views.ts';
import type { WalletRepo } from './wallet.repo.ts';

/** What somebody has, and how it came (feature G5). Each sees their own alone, admins that of all. */
export class WalletService {
  readonly #repo: WalletRepo;
  readonly #owners: BookOwners;
  readonly #prices: Prices;

  constructor(repo: WalletRepo, owners: BookOwners, prices: Prices) {
    this.#repo = repo;
    this.#owners = owners;
    this.#prices = prices;
  }

  async get(user: User): Promise<Wallet> {
    return { ...amountsView(await this.#repo.balances(user.id)), prices: { ...this.#prices } };
  }

  transactions(user: User, input: PageInput): Promise<TransactionPage> {
    return this.#page(user.id, input);
  }

  /** Somebody's, for admins. Throws `forbidden` and `not_found`. */
  async transactionsOf(admin: User, input: PageInput & { id: string }): Promise<TransactionPage> {
    await this.#owners.requireFor(admin, input.id);
    return this.#page(input.id, input);
  }

  async #page(userId: string, input: PageInput): Promise<TransactionPage> {
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const rows = await this.#repo.transactions(userId, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ id, at }) => ({ id, at }));
    const items = page.map((row) => {
      const { id, kind, at } = row;
      return { id, kind, at: at.toISOString(), ...amountsView(row) };
    });
    return { items, nextCursor };
  }
}
