import fc from 'fast-check';
import { newId } from '@maydan/prisma';
import { AccessTokens } from '../identity/AccessTokens.ts';
import { coinsTakenBack } from '../ledger/arithmetic.ts';
import { WalletRepo } from '../wallet/wallet.repo.ts';
import { anyDeed, Economy, type EconomyParts, type Person } from './Economy.ts';
import { expectBalancedBooks, fundDirectly } from './money.ts';
import type { TestApi } from './TestApi.ts';
import { TestBackend } from './TestBackend.ts';

/** So many runs at a time. */
const atOnce = 8;
const batch = 10;
const firstCoins = 500;
const auditEveryMs = 500;
const tokens = new AccessTokens(TestBackend.accessTokenSecret);

/** For the api processes of an economy: people do much in little time. */
export const economyRates = {
  WALLET_RATE_PER_USER: '1000000',
  GIFT_RATE_PER_USER: '1000000',
};

/** What all crews have in common. */
export type EconomyBase = Pick<EconomyParts, 'backend' | 'apis' | 'admin' | 'giftId'>;

/** An admin and a gift. */
export async function createEconomy(
  backend: TestBackend,
  api: TestApi,
  apis: readonly [TestApi, TestApi],
): Promise<EconomyBase> {
  const admin = await api.register();
  await backend.giveRole(admin, 'admin');
  const { id: giftId } = await admin.client.gifts.create({
    ...{ name: { en: 'Rose', ar: 'وردة' }, iconUrl: '/rose.svg', animation: null, price: 7 },
  });
  return { backend, apis, admin, giftId };
}

/** A host who is live and three fans with coins, who have to do with nobody else: in the database at once, without passwords. */
async function createCrew(base: EconomyBase): Promise<EconomyParts> {
  const { database } = base.backend;
  const [host, ...fans] = Array.from({ length: 4 }, () => ({ id: newId() }));
  if (host === undefined) throw new Error('nobody');
  const all = [host, ...fans];
  const users = all.map(({ id }) => {
    const username = `c_${id.replaceAll('-', '').slice(-24)}`;
    return { id, username, usernameKey: username, displayName: username, nameKey: username };
  });
  await database.user.createMany({ data: users });
  const expiresAt = new Date(Date.now() + 3_600_000);
  await database.signIn.createMany({ data: all.map(({ id }) => ({ id, userId: id, expiresAt })) });
  const [sessionId, now] = [newId(), new Date()];
  const live = { state: 'live' as const, startedAt: now, readyAt: now, epoch: 1 };
  await database.session.create({
    data: { id: sessionId, hostId: host.id, title: 'a crew', playbackId: sessionId, ...live },
  });
  await Promise.all(fans.map(({ id }) => fundDirectly(base.backend, id, firstCoins)));
  return { ...base, host: personOf(host), fans: fans.map(personOf), sessionId };
}

function personOf(user: { readonly id: string }): Person {
  const subject = { userId: user.id, role: 'user' as const, signInId: user.id };
  return { user, accessToken: tokens.mint(subject) };
}

/** What was done. */
export interface Done {
  runs: number;
  deeds: number;
  audits: number;
  gifts: number;
  deposits: number;
  withdrawals: number;
  givenBack: number;
  refunded: number;
  brokenConnections: number;
}

/**
 * Runs of 2 to 12 random deeds, as long as there is time, but so many at least: the deeds of a run are done at once by people of its own, beside
 * those of other runs, over two api processes. After each run its people have what follows from what all were answered, and
 * nothing was made twice, or without an answer; meanwhile and in the end the books balance.
 */
export async function checkEconomy(
  base: EconomyBase,
  { leastRuns, forMs }: { leastRuns: number; forMs: number },
): Promise<Done> {
  const done: Done = {
    ...{ runs: 0, deeds: 0, audits: 0, gifts: 0, deposits: 0, withdrawals: 0 },
    ...{ givenBack: 0, refunded: 0, brokenConnections: 0 },
  };
  const deeds = fc.array(anyDeed, { minLength: 2, maxLength: 12, size: 'max' });
  const until = Date.now() + forMs;
  const isOver = (): boolean => Date.now() > until && done.runs >= leastRuns;
  let auditedAt = 0;
  const property = fc.asyncProperty(deeds, async (some) => {
    if (isOver()) return;
    const parts = await unbroken(() => createCrew(base));
    const economy = new Economy(parts);
    await Promise.all(some.map((deed) => economy.do(deed)));
    const { givenBack, refunded } = await unbroken(() => expectDue(parts, economy));
    // It reads the whole ledger, which grows: one at a time.
    if (Date.now() > auditedAt + auditEveryMs) {
      auditedAt = Infinity;
      await unbroken(() => expectBalancedBooks(base.backend));
      auditedAt = Date.now();
      done.audits += 1;
    }
    done.runs += 1;
    done.deeds += some.length;
    done.gifts += economy.gifts.size;
    done.deposits += economy.deposits.size;
    done.withdrawals += economy.withdrawals.size;
    done.givenBack += givenBack;
    done.refunded += refunded;
    done.brokenConnections += economy.crashes;
  });
  // A few at a time: runs that are left when the time is over would be gone through without a pause for those at hand.
  const crew = async (): Promise<void> => {
    while (!isOver()) await fc.assert(property, { numRuns: batch, endOnFailure: true });
  };
  await Promise.all(Array.from({ length: atOnce }, crew));
  await expectBalancedBooks(base.backend);
  return done;
}

/** Again when the connection was broken meanwhile, or none was free: runs beside it do that, to all connections. */
async function unbroken<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isWrong = error instanceof Error && 'matcherResult' in error;
      const isBroken = !isWrong && /terminat|closed|connect|ECONNRESET|P10\d\d/i.test(String(error));
      if (!isBroken || attempt === 50) throw error;
    }
  }
}

/** How many gifts and deposits were given back by an admin. */
async function expectDue(
  parts: EconomyParts,
  economy: Economy,
): Promise<Pick<Done, 'givenBack' | 'refunded'>> {
  const { backend, host, fans, sessionId } = parts;
  const { database } = backend;
  for (const { user } of [host, ...fans]) {
    const { wallet, receiving, held, debt } = await new WalletRepo(database).balances(user.id);
    const [person, want] = [user.id, await dueTo(parts, economy, user.id)];
    expect({ person, has: Number(wallet + receiving + held + debt) }).toEqual({ person, has: want });
  }
  expect(economy.doubled).toBe(0);
  // Everything was answered in the end, so each row belongs to an answer: none was made twice.
  const userId = { in: fans.map(({ user }) => user.id) };
  expect({
    gifts: await database.sentGift.count({ where: { sessionId } }),
    deposits: await database.deposit.count({ where: { userId } }),
    unpaid: await database.deposit.count({ where: { userId, paidAt: null } }),
    withdrawals: await database.withdrawal.count({ where: { userId: host.user.id } }),
  }).toEqual({
    ...{ gifts: economy.gifts.size, deposits: economy.deposits.size + fans.length },
    ...{ unpaid: 0, withdrawals: economy.withdrawals.size },
  });
  const givenBack = await database.sentGift.count({ where: { sessionId, returnedAt: { not: null } } });
  return { givenBack, refunded: await expectReturned(parts, economy) };
}

/** Of each payment went back what the provider told, and all when an admin gave it back; that is in the audit log once. */
async function expectReturned({ backend: { database } }: EconomyParts, economy: Economy): Promise<number> {
  let refunded = 0;
  for (const [id, { deposit, toldBackMinor }] of economy.deposits) {
    const { amountMinor, backMinor, coins, coinsBack } = await database.deposit.findUniqueOrThrow({
      where: { id },
    });
    const byAdmin = await database.depositReturn.count({ where: { depositId: id, source: 'admin' } });
    const wanted = byAdmin === 1 ? deposit.amountMinor : toldBackMinor;
    const logged = await database.auditEntry.count({ where: { action: 'deposit.refunded', targetId: id } });
    expect({ id, backMinor, logged }).toEqual({ id, backMinor: wanted, logged: byAdmin });
    expect(coinsBack).toBe(coinsTakenBack(coins, amountMinor, wanted));
    refunded += byAdmin;
  }
  return refunded;
}

/** What somebody has, as it follows from what everybody was answered. */
async function dueTo(
  { backend: { database }, fans }: EconomyParts,
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
    fans.some(({ user }) => user.id === userId) ? firstCoins : 0,
    ...bought.map(({ coins, coinsBack }) => Number(coins - coinsBack)),
    ...sent.map(({ coins, senderId }) => (senderId === userId ? -Number(coins) : 0)),
    ...sent.map(({ coins, commission, recipientId }) =>
      recipientId === userId ? Number(coins - commission) : 0,
    ),
    ...paid.map(({ coins }) => -Number(coins)),
  ]);
}
