import { randomUUID } from 'node:crypto';
import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import { earnDirectly, expectBalancedBooks, fund, keyed, paidEvent, sendWebhook } from '../testing/money.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  const rates = { WALLET_RATE_PER_USER: '1000' };
  [api, second] = [await backend.startApi(rates), await backend.startApi(rates)];
  admin = await api.register();
  await backend.giveRole(admin, 'admin');
});
afterAll(async () => {
  await backend?.close();
});
afterEach(() => expectBalancedBooks(backend));

const walletNow = async (account: Account) => {
  const { prices: _, ...amounts } = await account.client.wallet.get();
  return amounts;
};
const earn = (from: Account, to: Account, coins: number) =>
  earnDirectly(backend, from.user.id, to.user.id, coins);
const nothing = { balance: 0, earned: 0, held: 0, owed: 0 };
const buy = (account: Account, coins: number, key?: string) =>
  account.client.wallet.createDeposit({ headers: keyed(key), body: { coins } });
const withdraw = (account: Account, coins: number, key?: string) =>
  account.client.wallet.createWithdrawal({ headers: keyed(key), body: { coins, destination: 'SA03 8000' } });

describe('a deposit', () => {
  it('is credited once, however often and in whatever order its webhooks come', async () => {
    const ann = await api.register();
    const deposit = await buy(ann, 250);
    expect(deposit).toMatchObject({
      coins: 250,
      amountMinor: 250,
      currency: 'usd',
      state: 'pending',
      paidAt: null,
    });
    expect(await walletNow(ann)).toEqual(nothing);
    const failed = { kind: 'failed', depositId: deposit.id };
    const events = [failed, ...Array.from({ length: 10 }, () => paidEvent(deposit)), failed];
    const answers = await Promise.all(events.map((event, at) => sendWebhook(at % 2 ? api : second, event)));
    expect(answers.map(({ status }) => status)).toEqual(events.map(() => 200));
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 250 });
    expect(await ann.client.wallet.getDeposit({ id: deposit.id })).toMatchObject({
      ...{ state: 'paid', paidAt: expect.any(String), checkoutUrl: null, coinsBack: 0 },
    });
    const { items } = await ann.client.wallet.transactions({});
    expect(items).toEqual([
      { id: expect.any(String), at: expect.any(String), kind: 'deposit', ...nothing, balance: 250 },
    ]);
  });

  it('is paid at the page of the test provider, which only its address opens', async () => {
    const ann = await api.register();
    const { id, checkoutUrl } = await buy(ann, 1_000);
    const page = await api.ask('GET', checkoutUrl ?? '');
    expect(page.status).toBe(200);
    expect(page.body).toContain('1000 coins');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const strange = `/payments/test/${id}/${'0'.repeat(32)}`;
    expect((await api.ask('GET', strange)).status).toBe(404);
    expect((await api.ask('GET', `/payments/test/${id}/${'%C3%A9'.repeat(32)}`)).status).toBe(404);
    expect((await api.ask('POST', strange, { body: 'outcome=pay', headers: form })).status).toBe(404);
    const pay = () => api.ask('POST', checkoutUrl ?? '', { body: 'outcome=pay', headers: form });
    await Promise.all([pay(), pay(), pay()]);
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 1_000 });
    expect((await api.ask('POST', checkoutUrl ?? '', { body: 'outcome=x', headers: form })).status).toBe(422);
  });

  it('is believed with the provider’s signature alone', async () => {
    const ann = await api.register();
    const deposit = await buy(ann, 100);
    const event = paidEvent(deposit);
    const signed = (value: string) => sendWebhook(api, event, { 'maydan-signature': value });
    const old = Math.floor(Date.now() / 1_000) - 4_000;
    for (const value of ['', 'x', `t=${old},v1=${'0'.repeat(64)}`, `t=1,v1=${'a'.repeat(64)}`]) {
      expect(refusalOf(await signed(value))).toBe('403 forbidden');
    }
    expect(refusalOf(await sendWebhook(api, { ...event, amountMinor: 1 }))).toBe('409 conflict');
    expect(refusalOf(await sendWebhook(api, { ...event, currency: 'sar' }))).toBe('409 conflict');
    expect(refusalOf(await sendWebhook(api, { ...event, depositId: newId() }))).toBe('404 not_found');
    expect(refusalOf(await sendWebhook(api, { kind: 'other' }))).toBe('400 bad_request');
    expect(refusalOf(await api.ask('POST', '/webhooks/payments/stripe', { body: {} }))).toBe('404 not_found');
    expect(refusalOf(await api.ask('POST', '/webhooks/payments/test'))).toMatch(/^40[03] /);
    expect(await walletNow(ann)).toEqual(nothing);
  });

  it('is made once for a key, which is good for one request', async () => {
    const [ann, bob] = [await api.register(), await api.register()];
    const key = randomUUID();
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        buy({ ...ann, client: (at % 2 ? api : second).clientOf(ann.accessToken) }, 10, key),
      ),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    await expect(buy(ann, 11, key)).rejects.toMatchObject({ code: 'idempotency_conflict', status: 409 });
    await expect(withdraw(ann, 10, key)).rejects.toMatchObject({ code: 'idempotency_conflict' });
    expect((await buy(bob, 11, key)).id).not.toBe(made[0]?.id);
    expect(await api.refusal(bob, 'GET', `/me/wallet/deposits/${made[0]!.id}`)).toBe('404 not_found');
    const post = (body: unknown, headers: Record<string, string> = keyed()) =>
      api.ask('POST', '/api/v1/me/wallet/deposits', { token: ann.accessToken, body, headers });
    expect(refusalOf(await post({ coins: 10 }, {}))).toBe('422 validation_failed');
    expect(refusalOf(await post({ coins: 10 }, keyed('short')))).toBe('422 validation_failed');
    for (const coins of [0, -1, 1.5, '10', 1e12]) {
      expect(refusalOf(await post({ coins }))).toBe('422 validation_failed');
    }
  });

  it('that is taken back takes its coins along; what is spent is owed, and paid by the next ones', async () => {
    const [ann, bob] = [await api.register(), await api.register()];
    const deposit = await fund(api, ann, 100);
    await earn(ann, bob, 70);
    const back = (minor: number) => ({ kind: 'takenBack', depositId: deposit.id, backMinor: minor });
    await Promise.all([25, 10, 25, 25].map((minor) => sendWebhook(api, back(minor))));
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 5 });
    await Promise.all([100, 25, 400].map((minor) => sendWebhook(second, back(minor))));
    expect(await walletNow(ann)).toEqual({ ...nothing, owed: 70 });
    expect(await walletNow(bob)).toEqual({ ...nothing, earned: 70 });
    await fund(api, ann, 30);
    expect(await walletNow(ann)).toEqual({ ...nothing, owed: 40 });
    await fund(api, ann, 50);
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 10 });

    // The news of the end came first.
    const late = await buy(bob, 20);
    await sendWebhook(api, { kind: 'takenBack', depositId: late.id, backMinor: 20 });
    expect(await walletNow(bob)).toEqual({ ...nothing, earned: 70 });
    await sendWebhook(api, paidEvent(late));
    expect(await walletNow(bob)).toEqual({ ...nothing, earned: 70 });
  });

  it('is refunded by an admin while its coins are there', async () => {
    const [ann, bob] = [await api.register(), await api.register()];
    const { id } = await fund(api, ann, 40);
    const path = `/admin/deposits/${id}/refund`;
    expect(await api.refusal(ann, 'POST', path)).toBe('403 forbidden');
    await earn(ann, bob, 1);
    expect(await api.refusal(admin, 'POST', path)).toBe('409 insufficient_funds');
    await fund(api, ann, 1);
    await Promise.allSettled([1, 2, 3].map(() => admin.client.money.refundDeposit({ id })));
    expect(await walletNow(ann)).toEqual(nothing);
    expect(await admin.client.money.refundDeposit({ id })).toMatchObject({ coinsBack: 40 });
    expect(await api.refusal(admin, 'POST', `/admin/deposits/${newId()}/refund`)).toBe('404 not_found');
    const unpaid = await buy(ann, 5);
    expect(await api.refusal(admin, 'POST', `/admin/deposits/${unpaid.id}/refund`)).toBe('409 conflict');
    // Whose bank has its money back gets none of us, too.
    const disputed = await fund(api, bob, 30);
    const taken = { kind: 'takenBack', depositId: disputed.id, source: 'dispute dp_1', backMinor: 30 };
    await sendWebhook(api, taken);
    expect(await api.refusal(admin, 'POST', `/admin/deposits/${disputed.id}/refund`)).toBe('409 conflict');
  });

  it('of more money than can be stored is refused', async () => {
    const dear = await backend.startApi({ COIN_PRICE_PER_100: '100000' });
    const ann = await dear.register();
    const ask = (coins: number) =>
      dear.ask('POST', '/api/v1/me/wallet/deposits', {
        ...{ token: ann.accessToken, headers: keyed(), body: { coins } },
      });
    expect(refusalOf(await ask(10_000_000))).toBe('422 validation_failed');
    expect((await ask(2_147_483)).body).toMatchObject({ amountMinor: 2_147_483_000 });
    await dear.close();
  });

  it('is in the list that admins read of somebody, the newest first', async () => {
    const [ann, bob] = [await api.register(), await api.register()];
    const made: string[] = [];
    for (const coins of [10, 20, 30]) made.unshift((await buy(ann, coins)).id);
    await sendWebhook(api, paidEvent(await ann.client.wallet.getDeposit({ id: made[2]! })));
    await buy(bob, 5);
    const { id } = ann.user;
    const first = await admin.client.money.deposits({ id, limit: 2 });
    const rest = await admin.client.money.deposits({ id, limit: 2, cursor: first.nextCursor ?? '' });
    const all = [...first.items, ...rest.items];
    expect(all.map((deposit) => [deposit.id, deposit.coins, deposit.state])).toEqual([
      ...[
        [made[0], 30, 'pending'],
        [made[1], 20, 'pending'],
        [made[2], 10, 'paid'],
      ],
    ]);
    expect(rest.nextCursor).toBeNull();
    expect((await admin.client.money.deposits({ id: admin.user.id })).items).toEqual([]);
    const path = (of: string) => `/admin/users/${of}/deposits`;
    expect(await api.refusal(null, 'GET', path(id))).toBe('401 unauthenticated');
    expect(await api.refusal(ann, 'GET', path(id))).toBe('403 forbidden');
    expect(await api.refusal(admin, 'GET', path(newId()))).toBe('404 not_found');
    expect(await api.refusal(admin, 'GET', `${path(id)}?cursor=x`)).toBe('422 validation_failed');
  });

  it('is not to be had where there is no provider', async () => {
    const none = await backend.startApi({ PAYMENT_PROVIDER: 'none' });
    const ann = await none.register();
    await expect(buy(ann, 10)).rejects.toMatchObject({ code: 'unavailable' });
    expect((await none.ask('POST', '/webhooks/payments/test', { body: {} })).status).toBe(404);
    expect((await none.ask('GET', `/payments/test/${newId()}/x`)).status).toBe(404);
    await none.close();
  });
});

describe('a withdrawal', () => {
  /** Somebody with so many earned coins. */
  async function earner(coins: number): Promise<Account> {
    const [fan, star] = [await api.register(), await api.register()];
    await fund(api, fan, coins);
    await earn(fan, star, coins);
    return star;
  }

  it('is held, approved and paid, by somebody else', async () => {
    const star = await earner(500);
    const asked = await withdraw(star, 300);
    expect(asked).toMatchObject({ coins: 300, amountMinor: 150, currency: 'usd', state: 'requested' });
    expect(await walletNow(star)).toEqual({ ...nothing, earned: 200, held: 300 });
    const { id } = asked;
    const path = `/admin/withdrawals/${id}`;
    expect(await api.refusal(star, 'POST', `${path}/approve`)).toBe('403 forbidden');
    expect(await api.refusal(admin, 'POST', `${path}/pay`, { reference: 'r' })).toBe('409 wrong_state');
    expect(await api.refusal(admin, 'POST', `/admin/withdrawals/${newId()}/approve`)).toBe('404 not_found');
    const page = await admin.client.money.withdrawals({ limit: 100 });
    expect(page.items).toContainEqual({ ...asked, user: expect.objectContaining({ id: star.user.id }) });
    expect(await api.refusal(star, 'GET', '/admin/withdrawals')).toBe('403 forbidden');
    expect(await admin.client.money.approve({ id })).toMatchObject({ state: 'approved' });
    expect(await api.refusal(star, 'POST', `/me/wallet/withdrawals/${id}/cancel`)).toBe('409 wrong_state');
    const pay = () => admin.client.money.pay({ id, reference: 'T-1' });
    const paid = await Promise.allSettled([pay(), pay(), pay()]);
    expect(paid.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await walletNow(star)).toEqual({ ...nothing, earned: 200 });
    expect((await star.client.wallet.withdrawals({})).items).toMatchObject([
      { id, state: 'paid', reference: 'T-1', paidAt: expect.any(String) },
    ]);
    await backend.giveRole(star, 'admin');
    const own = await withdraw(star, 100);
    expect(await api.refusal(star, 'POST', `/admin/withdrawals/${own.id}/approve`)).toBe('403 forbidden');
  });

  it('that is rejected or taken back returns the coins once', async () => {
    const star = await earner(100);
    const [one, other] = [await withdraw(star, 60), await withdraw(star, 40)];
    const fan = await api.register();
    expect(await api.refusal(fan, 'POST', `/me/wallet/withdrawals/${one.id}/cancel`)).toBe('404 not_found');
    await Promise.allSettled([
      star.client.wallet.cancelWithdrawal({ id: one.id }),
      star.client.wallet.cancelWithdrawal({ id: one.id }),
      admin.client.money.approve({ id: other.id }),
    ]);
    const reject = () => admin.client.money.reject({ id: other.id, reason: 'The account is not yours.' });
    await Promise.allSettled([reject(), reject()]);
    expect(await walletNow(star)).toEqual({ ...nothing, earned: 100 });
    const first = await star.client.wallet.withdrawals({ limit: 1 });
    expect(first.items).toMatchObject([
      { id: other.id, state: 'rejected', reason: 'The account is not yours.' },
    ]);
    const rest = await star.client.wallet.withdrawals({ limit: 1, cursor: first.nextCursor! });
    expect(rest).toMatchObject({ items: [{ id: one.id, state: 'cancelled' }], nextCursor: null });
  });

  it('never takes more than was earned, once for a key, and bought coins not at all', async () => {
    const star = await earner(100);
    await fund(api, star, 1_000);
    const key = randomUUID();
    const same = await Promise.all(Array.from({ length: 5 }, () => withdraw(star, 50, key)));
    expect(new Set(same.map(({ id }) => id)).size).toBe(1);
    const many = await Promise.allSettled(Array.from({ length: 6 }, () => withdraw(star, 20)));
    expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(await walletNow(star)).toEqual({ balance: 1_000, earned: 10, held: 90, owed: 0 });
    await expect(withdraw(star, 1)).rejects.toMatchObject({ code: 'insufficient_funds' });
    const before = await withdraw(star, 50, key);
    expect(before).toEqual(same[0]);
  });

  it('pays what is owed first', async () => {
    const star = await earner(100);
    const deposit = await fund(api, star, 30);
    const other = await api.register();
    await earn(star, other, 30);
    await sendWebhook(api, { kind: 'takenBack', depositId: deposit.id, backMinor: 30 });
    expect(await walletNow(star)).toEqual({ ...nothing, earned: 100, owed: 30 });
    await expect(withdraw(star, 71)).rejects.toMatchObject({ code: 'insufficient_funds' });
    expect(await walletNow(star)).toEqual({ ...nothing, earned: 100, owed: 30 });
    await withdraw(star, 70);
    expect(await walletNow(star)).toEqual({ ...nothing, held: 70 });
    const kinds = (await star.client.wallet.transactions({})).items.map(({ kind }) => kind);
    expect(kinds.slice(0, 2).sort()).toEqual(['debtSettlement', 'withdrawalHold']);
  });
});

describe('a wallet', () => {
  it('is shown to its owner alone, page by page', async () => {
    const ann = await api.register();
    for (const coins of [1, 2, 3]) await fund(api, ann, coins);
    const first = await ann.client.wallet.transactions({ limit: 2 });
    expect(first.items.map(({ balance }) => balance)).toEqual([3, 2]);
    const rest = await ann.client.wallet.transactions({ limit: 2, cursor: first.nextCursor! });
    expect(rest.items.map(({ balance }) => balance)).toEqual([1]);
    expect(rest.nextCursor).toBeNull();
    for (const path of ['', '/transactions', '/withdrawals']) {
      expect(await api.refusal(null, 'GET', `/me/wallet${path}`)).toBe('401 unauthenticated');
    }
    expect(await api.refusal(ann, 'GET', '/me/wallet/transactions?cursor=x')).toBe('422 validation_failed');
  });

  it('of a deleted account stays in the books without a name', async () => {
    const [fan, star] = [await api.register(), await api.register()];
    await fund(api, fan, 100);
    await earn(fan, star, 100);
    const [requested, approved] = [await withdraw(star, 30), await withdraw(star, 20)];
    await admin.client.money.approve({ id: approved.id });
    const body = { password: star.password };
    const token = star.accessToken;
    expect((await api.ask('POST', '/api/v1/account/delete', { token, body })).status).toBe(202);
    const { database } = backend;
    const find = (id: string) => database.withdrawal.findUniqueOrThrow({ where: { id } });
    await waitUntil(
      'the request to be taken back',
      async () =>
        (await find(requested.id)).state === 'cancelled' && (await find(requested.id)).destination === '',
      60_000,
    );
    expect((await find(approved.id)).destination).toBe('SA03 8000');
    await admin.client.money.pay({ id: approved.id, reference: 'T-9' });
    await waitUntil(
      'the erasure',
      async () => (await database.user.findUniqueOrThrow({ where: { id: star.user.id } })).erasedAt !== null,
      60_000,
    );
    expect((await find(approved.id)).destination).toBe('');
    const left = await database.ledgerAccount.aggregate({
      where: { ownerId: star.user.id },
      _sum: { balance: true },
    });
    expect(left._sum.balance).toBe(80n);
  });
});
