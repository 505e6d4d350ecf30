import type { TransactionPage, Wallet } from '@maydan/contracts';
import type { User } from '@maydan/prisma';
import type { PageInput } from '../people/listed.ts';
import { decodeCursor, pageOf } from '../sessions/cursor.ts';
import type { Prices } from './prices.ts';
import { amountsView } from './views.ts';
import type { WalletRepo } from './wallet.repo.ts';

/** What somebody has, and how it came (feature G5). Each sees their own alone. */
export class WalletService {
  readonly #repo: WalletRepo;
  readonly #prices: Prices;

  constructor(repo: WalletRepo, prices: Prices) {
    this.#repo = repo;
    this.#prices = prices;
  }

  async get(user: User): Promise<Wallet> {
    return { ...amountsView(await this.#repo.balances(user.id)), prices: { ...this.#prices } };
  }

  async transactions(user: User, input: PageInput): Promise<TransactionPage> {
    const after = input.cursor === undefined ? null : decodeCursor(input.cursor);
    const rows = await this.#repo.transactions(user.id, { after, take: input.limit + 1 });
    const { page, nextCursor } = pageOf(rows, input.limit, ({ id, at }) => ({ id, at }));
    const items = page.map((row) => {
      const { id, kind, at } = row;
      return { id, kind, at: at.toISOString(), ...amountsView(row) };
    });
    return { items, nextCursor };
  }
}
