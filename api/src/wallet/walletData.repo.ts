import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';
import type { WalletRepo } from './wallet.repo.ts';
import type { WithdrawalsRepo } from './withdrawals.repo.ts';

/**
 * Of the money of a deleted account: requests that nobody has decided on are taken back, approved ones are paid or rejected first.
 * Books, deposits and withdrawals stay as they are, of a user who has no name any more; coins that are left stay there, too.
 */
export class WalletData implements PersonalData {
  readonly name = 'wallet';
  readonly #database: Database;
  readonly #wallet: WalletRepo;
  readonly #withdrawals: WithdrawalsRepo;

  constructor(database: Database, wallet: WalletRepo, withdrawals: WithdrawalsRepo) {
    this.#database = database;
    this.#wallet = wallet;
    this.#withdrawals = withdrawals;
  }

  async erase(userId: string): Promise<'done' | 'pending'> {
    const requested = await this.#database.withdrawal.findMany({ where: { userId, state: 'requested' } });
    for (const { id } of requested) {
      await this.#withdrawals.decide(id, { from: ['requested'], to: 'cancelled', by: null });
    }
    await this.#database.withdrawal.updateMany({
      where: { userId, state: { not: 'approved' } },
      data: { destination: '' },
    });
    await this.#database.deposit.updateMany({ where: { userId }, data: { checkoutUrl: null } });
    await this.#database.idempotencyKey.deleteMany({ where: { userId } });
    const approved = await this.#database.withdrawal.count({ where: { userId, state: 'approved' } });
    return approved === 0 ? 'done' : 'pending';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    const page = (take: number, after: { id: string } | null) => ({
      where: { userId, ...(after === null ? {} : { id: { gt: after.id } }) },
      orderBy: { id: 'asc' as const },
      take,
    });
    yield* exported('deposits', async (take, after: { id: string } | null) => {
      const rows = await this.#database.deposit.findMany({
        ...page(take, after),
        omit: { userId: true, checkoutUrl: true, backEntries: true },
      });
      return rows.map(({ coins, coinsBack, ...row }) => ({
        ...row,
        coins: Number(coins),
        coinsBack: Number(coinsBack),
      }));
    });
    yield* exported('withdrawals', async (take, after: { id: string } | null) => {
      const omit = { userId: true, decidedById: true };
      const rows = await this.#database.withdrawal.findMany({ ...page(take, after), omit });
      return rows.map(({ coins, ...row }) => ({ ...row, coins: Number(coins) }));
    });
    yield* exported('walletTransactions', async (take, last: { id: string; at: Date } | null) => {
      const rows = await this.#wallet.transactions(userId, { after: last, take });
      return rows.map(({ wallet, receiving, held, debt, ...row }) => ({
        ...row,
        ...{ balance: Number(wallet), earned: Number(receiving), held: Number(held), owed: Number(-debt) },
      }));
    });
  }
}
