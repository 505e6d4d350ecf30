import { randomUUID } from 'node:crypto';
import type { SentGift } from '@maydan/contracts';
import { newId, type DatabaseTransaction } from '@maydan/prisma';
import { walletOf } from '../ledger/accounts.ts';
import { giftCause } from '../notifications/causes.ts';
import { expectBalancedBooks, fundDirectly } from '../testing/money.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { WalletRepo } from '../wallet/wallet.repo.ts';
import { GiftSending, type NewGift } from './sending.repo.ts';

let backend: TestBackend;
let api: TestApi;
let host: Account;
let sending: GiftSending;
const sessionId = newId();
const shown = { name: { en: 'Rose', ar: 'وردة' }, iconUrl: '/rose.svg', animation: null };

beforeAll(async () => {
  backend = await TestBackend.start({ maxConnections: 6 });
  api = await backend.startApi();
  host = await api.register();
  sending = new GiftSending(backend.database);
});
afterAll(async () => {
  await backend?.close();
});
afterEach(() => expectBalancedBooks(backend));

async function fan(coins: number): Promise<Account> {
  const account = await api.register();
  if (coins > 0) await fundDirectly(backend, account.user.id, coins);
  return account;
}

const personOf = ({ user: { id, username, displayName } }: Account) => ({ id, username, displayName });

function giftOf(sender: Account, coins: number, key: string = randomUUID(), id = newId()): NewGift {
  const answer: SentGift = {
    ...{ id, sessionId, sender: personOf(sender), recipient: personOf(host), coins },
    ...{ gift: { id: sessionId, ...shown }, quantity: 1, message: '', returned: false },
    at: new Date().toISOString(),
  };
  return {
    request: { userId: sender.user.id, key, operation: 'gift', request: { coins } },
    answer,
    commission: BigInt(Math.floor(coins / 5)),
    cause: { id: newId(), ...giftCause(answer) },
  };
}

/** What becomes of gifts that are sent in this order at the same time: `sent`, `before`, or a code. */
const outcomes = (gifts: readonly NewGift[]): Promise<string[]> =>
  Promise.all(
    gifts.map((gift) =>
      sending.send(gift).then(
        ({ answer }) => (answer === gift.answer ? 'sent' : 'before'),
        (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'failed'),
      ),
    ),
  );
const walletOfFan = async ({ user }: Account): Promise<bigint> =>
  (await new WalletRepo(backend.database).balances(user.id)).wallet;
const countOf = ({ user }: Account): Promise<number> =>
  backend.database.sentGift.count({ where: { senderId: user.id } });

describe('gifts that are written together', () => {
  it('have each their own outcome, those of one sender in their order', async () => {
    const [ann, bob, cat] = [await fan(55), await fan(100), await fan(0)];
    const before = giftOf(bob, 10);
    expect(await outcomes([before])).toEqual(['sent']);
    const [again, twice, refused] = [randomUUID(), giftOf(bob, 10), giftOf(cat, 10)];
    const gifts = [
      giftOf(ann, 40),
      giftOf(ann, 20),
      giftOf(bob, 10, before.request.key),
      giftOf(bob, 20, before.request.key),
      giftOf(ann, 10),
      refused,
      twice,
      giftOf(bob, 10, twice.request.key),
      giftOf(ann, 20, again),
      giftOf(bob, 10),
    ];
    expect(await outcomes(gifts)).toEqual([
      ...['sent', 'insufficient_funds', 'before', 'idempotency_conflict', 'sent', 'insufficient_funds'],
      ...['sent', 'before', 'insufficient_funds', 'sent'],
    ]);
    expect([await walletOfFan(ann), await walletOfFan(bob), await walletOfFan(cat)]).toEqual([5n, 70n, 0n]);
    // What was refused left no key.
    await fundDirectly(backend, cat.user.id, 10);
    await fundDirectly(backend, ann.user.id, 20);
    expect(await outcomes([giftOf(cat, 10, refused.request.key), giftOf(ann, 20, again)])).toEqual([
      'sent',
      'sent',
    ]);
    expect([await countOf(ann), await countOf(bob), await countOf(cat)]).toEqual([3, 3, 1]);
  });

  it('are written one by one when one of them can’t be', async () => {
    const [ann, bob] = [await fan(100), await fan(100)];
    const taken = giftOf(ann, 10);
    const gifts = [giftOf(bob, 10), taken, giftOf(ann, 10, randomUUID(), taken.answer.id), giftOf(bob, 10)];
    expect(await outcomes(gifts)).toEqual(['sent', 'sent', '23505', 'sent']);
    expect([await walletOfFan(ann), await walletOfFan(bob)]).toEqual([90n, 80n]);
  });

  it('don’t wait long for one whose wallet somebody holds, and it is sent afterwards', async () => {
    const [ann, bob] = [await fan(100), await fan(100)];
    const released = Promise.withResolvers<null>();
    const held = Promise.withResolvers<null>();
    const hold = async (transaction: DatabaseTransaction): Promise<void> => {
      await transaction.$queryRaw`SELECT 1 AS "one" FROM "LedgerAccount" WHERE "id" = ${walletOf(ann.user.id).id}::uuid FOR UPDATE`;
      held.resolve(null);
      await released.promise;
    };
    // On a busy machine others take longer than the five seconds that one has otherwise.
    const holding = backend.database.$transaction(hold, { timeout: 60_000 });
    await held.promise;
    let isSent = false;
    const waiting = outcomes([giftOf(ann, 10)]).then((result) => {
      isSent = true;
      return result;
    });
    const together = [giftOf(bob, 10), giftOf(ann, 10), giftOf(bob, 10)].map((gift) => outcomes([gift]));
    expect([await together[0], await together[2]]).toEqual([['sent'], ['sent']]);
    expect([isSent, await walletOfFan(bob)]).toEqual([false, 80n]);
    released.resolve(null);
    await holding;
    expect([await waiting, await together[1]]).toEqual([['sent'], ['sent']]);
    expect(await walletOfFan(ann)).toBe(80n);
  });
});
