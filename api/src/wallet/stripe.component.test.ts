import { earnDirectly, expectBalancedBooks, keyed, paidEvent, sendWebhook } from '../testing/money.ts';
import { StripeEndpoint } from '../testing/StripeEndpoint.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let stripe: StripeEndpoint;
let one: TestApi;
let other: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  stripe = await StripeEndpoint.start();
  [one, other] = [await backend.startApi(stripe.environment), await backend.startApi(stripe.environment)];
});
afterAll(async () => {
  await backend?.close();
  await stripe?.close();
});
afterEach(() => expectBalancedBooks(backend));

const walletNow = async (account: Account) => {
  const { prices: _, ...amounts } = await account.client.wallet.get();
  return amounts;
};
const nothing = { balance: 0, earned: 0, held: 0, owed: 0 };

describe('a deposit by Stripe', () => {
  it('is credited once, however often Stripe tells of it at once, and what it gave back before is not', async () => {
    const ann = await one.register();
    const { client } = ann;
    const { id, checkoutUrl } = await client.wallet.createDeposit({ headers: keyed(), body: { coins: 250 } });
    const intent = stripe.intentOf(id);
    expect(checkoutUrl).toBe(`https://checkout.stripe.com/c/${intent}`);
    const session = {
      ...{ metadata: { depositId: id }, payment_status: 'paid', payment_intent: intent },
      ...{ amount_total: 250, currency: 'usd' },
    };
    const paid = (to: TestApi, secret?: string) =>
      stripe.tell(to, 'checkout.session.completed', session, secret);
    expect(refusalOf(await paid(one, 'whsec_of_others'))).toBe('403 forbidden');
    const back = { id: 'ch_1', payment_intent: intent, amount_refunded: 100 };
    expect((await stripe.tell(other, 'charge.refunded', back)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => paid(at % 2 ? one : other)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 150 });
    // Then the rest is disputed; all of it comes at once, again, and in another order.
    const refunds = [40, 100].map(
      (amount_refunded) => ['charge.refunded', { ...back, amount_refunded }] as const,
    );
    const dispute = (id: string, amount: number, payment_intent = intent) =>
      ['charge.dispute.created', { id, payment_intent, amount, status: 'needs_response' }] as const;
    const told = [...refunds, dispute('dp_1', 120), ...refunds, dispute('dp_1', 120), ...refunds, ...refunds];
    const tell = async (events: readonly (readonly [string, object])[]) => {
      const all = events.map(([type, object], at) => stripe.tell(at % 2 ? one : other, type, object));
      expect((await Promise.all(all)).map(({ status }) => status)).toEqual(all.map(() => 200));
    };
    await tell(told);
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 30 });
    await tell([dispute('dp_2', 30), dispute('dp_2', 30)]);
    expect(await walletNow(ann)).toEqual(nothing);
    // Never more than was paid.
    await tell([['charge.refunded', { ...back, amount_refunded: 250 }], dispute('dp_3', 250)]);
    expect(await walletNow(ann)).toEqual(nothing);
    // What was won comes again; the refunds stay, and nobody hears of a dispute that was lost.
    const closed = (id: string, status: string) =>
      ['charge.dispute.closed', { id, payment_intent: intent, amount: 120, status }] as const;
    await tell([closed('dp_3', 'won'), closed('dp_2', 'lost'), closed('dp_1', 'won')]);
    expect(await walletNow(ann)).toEqual(nothing);
    // Nobody else's webhooks are heard there.
    const strange = await sendWebhook(one, paidEvent({ id, amountMinor: 250, currency: 'usd' }));
    expect(strange.status).toBe(404);
  });

  it('that is disputed comes again once when the dispute is won, whatever comes first and however often', async () => {
    const [ann, bob] = [await one.register(), await other.register()];
    const { client } = ann;
    const buyAndPay = async (coins: number) => {
      const { id } = await client.wallet.createDeposit({ headers: keyed(), body: { coins } });
      const intent = stripe.intentOf(id);
      const session = {
        ...{ metadata: { depositId: id }, payment_status: 'paid', payment_intent: intent },
        ...{ amount_total: coins, currency: 'usd' },
      };
      expect((await stripe.tell(one, 'checkout.session.completed', session)).status).toBe(200);
      return intent;
    };
    const intent = await buyAndPay(100);
    const dispute = { id: 'dp_9', payment_intent: intent, amount: 100 };
    const begun = ['charge.dispute.created', { ...dispute, status: 'needs_response' }] as const;
    const taken = ['charge.dispute.funds_withdrawn', { ...dispute, status: 'needs_response' }] as const;
    const won = ['charge.dispute.closed', { ...dispute, status: 'won' }] as const;
    const tell = async (...events: (readonly [string, object])[]) => {
      const all = events.map(([type, object], at) => stripe.tell(at % 2 ? one : other, type, object));
      for (const { status } of await Promise.all(all)) expect(status).toBe(200);
    };
    // She has given 30 away: they are owed until it is won.
    await earnDirectly(backend, ann.user.id, bob.user.id, 30);
    await tell(begun, taken, begun);
    expect(await walletNow(ann)).toEqual({ ...nothing, owed: 30 });
    await tell(...Array.from({ length: 10 }, () => won));
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 70 });
    await tell(begun, won, taken, won);
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 70 });
    // Another dispute of as much, and a refund of a part, are entries of their own.
    const again = { ...dispute, id: 'dp_10', amount: 60 };
    await tell(['charge.dispute.created', { ...again, status: 'needs_response' }]);
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 10 });
    await tell(['charge.dispute.closed', { ...again, status: 'won' }]);
    const refund = { id: 'ch_9', payment_intent: intent, amount_refunded: 60 };
    await tell(['charge.refunded', refund], ['charge.refunded', refund]);
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 10 });
    // All of it at once, the end before the beginning.
    const late = { id: 'dp_11', payment_intent: await buyAndPay(50), amount: 50 };
    const ends = Array.from(
      { length: 5 },
      () => ['charge.dispute.closed', { ...late, status: 'won' }] as const,
    );
    const begins = Array.from(
      { length: 5 },
      () => ['charge.dispute.created', { ...late, status: 'needs_response' }] as const,
    );
    await tell(...ends.flatMap((end, at) => [end, begins[at]!]));
    expect(await walletNow(ann)).toEqual({ ...nothing, balance: 60 });
    const { items } = await client.wallet.transactions({});
    expect(items.filter(({ kind }) => kind === 'depositReinstated').length).toBeGreaterThanOrEqual(2);
  });
});
