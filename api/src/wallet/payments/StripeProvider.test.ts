import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Deposit } from '@maydan/prisma';
import { Stripe } from 'stripe';
import { StripeProvider } from './StripeProvider.ts';

const webhookSecret = 'whsec_test';
const depositId = '0192f0c1-0000-7000-8000-000000000001';
const deposit: Deposit = {
  ...{ id: depositId, userId: depositId, provider: 'stripe', coins: 250n, amountMinor: 250, currency: 'usd' },
  ...{ state: 'pending', paymentId: 'pi_1', checkoutUrl: null, backMinor: 0, coinsBack: 0n },
  backEntries: 0,
  ...{ createdAt: new Date(), paidAt: null },
};

/** What Stripe's API was asked. It answers as Stripe's documentation says. */
const asked: { method: string; path: string; key: string | undefined; body: string }[] = [];
const answers: Record<string, object> = {
  'POST /v1/checkout/sessions': {
    id: 'cs_1',
    object: 'checkout.session',
    url: 'https://checkout.stripe.com/c/1',
  },
  'POST /v1/refunds': { id: 're_1', object: 'refund' },
  'GET /v1/payment_intents/pi_1': { id: 'pi_1', object: 'payment_intent', metadata: { depositId } },
  'GET /v1/payment_intents/pi_2': { id: 'pi_2', object: 'payment_intent', metadata: {} },
};
/** Refusals, which come before `answers`. */
const refusals: Record<string, object> = {};
let server: Server;
let provider: StripeProvider;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({ method, path, key: headers['idempotency-key']?.toString(), body });
      const refusal = refusals[`${method} ${path}`];
      const answer = refusal === undefined ? answers[`${method} ${path}`] : undefined;
      response.writeHead(answer === undefined ? 400 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { error: { type: 'invalid_request_error', ...refusal } }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const publicUrl = 'https://live.example.org';
  provider = new StripeProvider({ secretKey: 'sk_test_x', webhookSecret, publicUrl, apiUrl });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** An event as Stripe sends it, signed with a secret. */
function read(type: string, object: object, secret = webhookSecret) {
  const payload = JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } });
  const header = new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload, secret });
  return provider.readEvent(Buffer.from(payload), (name) =>
    name === 'stripe-signature' ? header : undefined,
  );
}

describe('Stripe', () => {
  it('is asked for a checkout of the deposit, once', async () => {
    expect(await provider.createCheckout(deposit)).toBe('https://checkout.stripe.com/c/1');
    const { key, body } = asked.at(-1)!;
    const fields = new URLSearchParams(body);
    expect(key).toBe(depositId);
    expect(fields.get('line_items[0][price_data][unit_amount]')).toBe('250');
    expect(fields.get('payment_intent_data[metadata][depositId]')).toBe(depositId);
    await provider.refund(deposit);
    expect(asked.at(-1)).toMatchObject({
      path: '/v1/refunds',
      key: `refund-${depositId}`,
      body: 'payment_intent=pi_1',
    });
  });

  it('has refunded what it says it refunded before, and nothing else that it refuses', async () => {
    const refuse = (code: string) => (refusals['POST /v1/refunds'] = { code, message: 'no' });
    refuse('charge_already_refunded');
    expect(await provider.refund(deposit)).toBeUndefined();
    refuse('charge_disputed');
    await expect(provider.refund(deposit)).rejects.toMatchObject({ code: 'charge_disputed' });
    delete refusals['POST /v1/refunds'];
  });

  it('tells what became of a payment', async () => {
    const session = { metadata: { depositId }, payment_intent: 'pi_1', amount_total: 250, currency: 'usd' };
    const paid = { kind: 'paid', depositId, paymentId: 'pi_1', amountMinor: 250, currency: 'usd' };
    const isPaid = { ...session, payment_status: 'paid' };
    expect(await read('checkout.session.completed', isPaid)).toEqual(paid);
    expect(await read('checkout.session.async_payment_succeeded', isPaid)).toEqual(paid);
    const unpaid = { ...session, payment_status: 'unpaid' };
    expect(await read('checkout.session.completed', unpaid)).toBeNull();
    expect(await read('checkout.session.expired', unpaid)).toEqual({ kind: 'failed', depositId });
    const back = { kind: 'takenBack', depositId, backMinor: 100 };
    const charge = { id: 'ch_1', payment_intent: 'pi_1', amount_refunded: 100 };
    expect(await read('charge.refunded', charge)).toEqual({ ...back, source: 'refunds ch_1' });
    expect(await read('charge.refunded', { ...charge, payment_intent: 'pi_2' })).toBeNull();
    const dispute = { id: 'dp_1', payment_intent: 'pi_1', amount: 100, status: 'needs_response' };
    const disputed = { ...back, source: 'dispute dp_1' };
    expect(await read('charge.dispute.created', dispute)).toEqual(disputed);
    const inquiry = { ...dispute, status: 'warning_needs_response' };
    expect(await read('charge.dispute.created', inquiry)).toBeNull();
    expect(await read('charge.dispute.funds_withdrawn', dispute)).toEqual(disputed);
    const closed = (status: string) => read('charge.dispute.closed', { ...dispute, status });
    expect(await closed('won')).toEqual({ kind: 'reinstated', depositId, source: 'dispute dp_1' });
    for (const status of ['lost', 'warning_closed']) expect(await closed(status)).toBeNull();
    expect(await read('customer.created', {})).toBeNull();
  });

  it('is believed with its signature alone', async () => {
    const session = { metadata: { depositId }, payment_status: 'paid', payment_intent: 'pi_1' };
    await expect(read('checkout.session.completed', session, 'whsec_other')).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(provider.readEvent(Buffer.from('{}'), () => undefined)).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});
