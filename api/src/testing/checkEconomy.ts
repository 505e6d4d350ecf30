import fc from 'fast-check';
import { WalletRepo } from '../wallet/wallet.repo.ts';
import { anyDeed, Economy, type EconomyParts } from './Economy.ts';
import { Life } from './Life.ts';
import { expectBalancedBooks } from './money.ts';
import type { TestApi } from './TestApi.ts';
import type { TestBackend } from './TestBackend.ts';

/** For the api processes of an economy: people do much in little time. */
export const economyRates = {
  WALLET_RATE_PER_USER: '1000000',
  GIFT_RATE_PER_USER: '1000000',
  LOG_LEVEL: 'warn',
};

/** An admin, a host who is live, three fans with coins, and a gift. */
export async function createEconomy(
  backend: TestBackend,
  api: TestApi,
  apis: readonly [TestApi, TestApi],
): Promise<EconomyParts> {
  const [admin, ...fans] = await api.people(4);
  if (admin === undefined) throw new Error('nobody');
  await backend.giveRole(admin, 'admin');
  const { id: giftId } = await admin.client.gifts.create({
    ...{ name: { en: 'Rose', ar: 'وردة' }, iconUrl: '/rose.svg', animation: null, price: 7 },
  });
  const { host, sessionId } = await (await Life.create(backend, () => api)).goLive();
  return { backend, apis, admin, host, fans, sessionId, giftId };
}

/**
 * So many rounds of 20 to 40 random deeds, all of a round at once, as long as there is time: after each the books balance, and
 * everybody has what follows from what all were answered. Nothing was made twice in the end, or without an answer.
 */
export async function checkEconomy(
  parts: EconomyParts,
  { rounds, forMs }: { rounds: number; forMs: number },
): Promise<{ economy: Economy; done: number }> {
  const { backend, host, fans, sessionId } = parts;
  const economy = new Economy(parts);
  const first = { kind: 'deposit', coins: 500, times: 2, back: 0 } as const;
  await Promise.all(fans.map((_, who) => economy.do({ ...first, who })));
  const deeds = fc.array(anyDeed, { minLength: 20, maxLength: 40, size: 'max' });
  const until = Date.now() + forMs;
  let done = 0;
  const property = fc.asyncProperty(deeds, async (some) => {
    // On a busy machine fewer rounds; the one at hand always comes to its end.
    if (Date.now() > until) return;
    done += 1;
    await Promise.all(some.map((deed) => economy.do(deed)));
    await expectBalancedBooks(backend);
    for (const { user } of [host, ...fans]) {
      const balances = await new WalletRepo(backend.database).balances(user.id);
      const { wallet, receiving, held, debt } = balances;
      const [person, want] = [user.id, await dueTo(parts, economy, user.id)];
      expect({ person, has: Number(wallet + receiving + held + debt) }).toEqual({ person, has: want });
    }
  });
  await fc.assert(property, { numRuns: rounds, endOnFailure: true });

  expect(economy.doubled).toBe(0);
  const { database } = backend;
  // Everything was answered in the end, so each row belongs to an answer: none was made twice.
  expect(await database.sentGift.count({ where: { sessionId } })).toBe(economy.gifts.size);
  const userId = { in: fans.map(({ user }) => user.id) };
  expect(await database.deposit.count({ where: { userId } })).toBe(economy.deposits.size);
  expect(await database.deposit.count({ where: { userId, paidAt: null } })).toBe(0);
  expect(await database.withdrawal.count({ where: { userId: host.user.id } })).toBe(economy.withdrawals.size);
  expect(economy.gifts.size).toBeGreaterThan(0);
  return { economy, done };
}

/** What somebody has, as it follows from what everybody was answered. */
async function dueTo(
  { backend: { database } }: EconomyParts,
  { deposits, gifts, withdrawals }: Economy,
  userId: string,
): Promise<number> {
  const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);
  const bought = await database.deposit.findMany({ where: { id: { in: [...deposits.keys()] }, userId } });
  const sent = await database.sentGift.findMany({
    where: { id: { in: [...gifts.keys()] }, returnedAt: null },
  });
  const paid = await database.withdrawal.findMany({
    where: { id: { in: [...withdrawals.keys()] }, userId, state: 'paid' },
  });
  return sum([
    ...bought.map(({ coins, coinsBack }) => Number(coins - coinsBack)),
    ...sent.map(({ coins, senderId }) => (senderId === userId ? -Number(coins) : 0)),
    ...sent.map(({ coins, commission, recipientId }) =>
      recipientId === userId ? Number(coins - commission) : 0,
    ),
    ...paid.map(({ coins }) => -Number(coins)),
  ]);
}
