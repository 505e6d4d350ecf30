import type { Deposit } from '@maydan/prisma';
import { Stripe } from 'stripe';
import type { PaymentEvent, PaymentProvider } from './PaymentProvider.ts';
import { notSigned } from './TestProvider.ts';

export interface StripeOptions {
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Where people come back to when they have paid. */
  readonly publicUrl: string;
  /** Unset: Stripe's own. */
  readonly apiUrl?: string | undefined;
}

const inquiries: readonly string[] = ['warning_needs_response', 'warning_under_review', 'warning_closed'];

/** Payments by Stripe Checkout. What it tells comes by webhooks; nothing is believed that isn't signed with their secret. */
export class StripeProvider implements PaymentProvider {
  readonly name = 'stripe';
  readonly #stripe: Stripe;
  readonly #options: StripeOptions;

  constructor(options: StripeOptions) {
    this.#options = options;
    this.#stripe = new Stripe(options.secretKey, {
      maxNetworkRetries: 2,
      timeout: 15_000,
      telemetry: false,
      ...(options.apiUrl === undefined ? {} : addressOf(new URL(options.apiUrl))),
    });
  }

  async createCheckout({ id, coins, amountMinor, currency }: Deposit): Promise<string> {
    const { publicUrl } = this.#options;
    const metadata = { depositId: id };
    const price_data = { currency, unit_amount: amountMinor, product_data: { name: `${coins} coins` } };
    const session = await this.#stripe.checkout.sessions.create(
      {
        mode: 'payment',
        line_items: [{ quantity: 1, price_data }],
        client_reference_id: id,
        metadata,
        // Charges and disputes name the payment intent alone.
        payment_intent_data: { metadata },
        success_url: `${publicUrl}/wallet?deposit=${id}`,
        cancel_url: `${publicUrl}/wallet`,
      },
      { idempotencyKey: id },
    );
    if (session.url === null) throw new Error('Stripe gave no address');
    return session.url;
  }

  async readEvent(body: Buffer, header: (name: string) => string | undefined): Promise<PaymentEvent | null> {
    const event = this.#verified(body, header('stripe-signature') ?? '');
    switch (event.type) {
      case 'checkout.session.completed':
      case 'checkout.session.async_payment_succeeded':
        return paidBy(event.data.object);
      case 'checkout.session.async_payment_failed':
      case 'checkout.session.expired':
        return failed(event.data.object);
      case 'charge.refunded':
        return this.#refunded(event.data.object);
      case 'charge.dispute.created':
      case 'charge.dispute.funds_withdrawn':
        return this.#disputed(event.data.object, event.type);
      case 'charge.dispute.closed':
        return this.#disputeClosed(event.data.object);
      default:
        return null;
    }
  }

  async refund({ id, paymentId }: Deposit): Promise<void> {
    if (paymentId === null) throw new Error('a deposit that was paid has no payment');
    try {
      await this.#stripe.refunds.create({ payment_intent: paymentId }, { idempotencyKey: `refund-${id}` });
    } catch (error) {
      // Stripe remembers keys for a day.
      if (!(error instanceof Stripe.errors.StripeError) || error.code !== 'charge_already_refunded')
        throw error;
    }
  }

  #verified(body: Buffer, signature: string): Stripe.Event {
    try {
      return this.#stripe.webhooks.constructEvent(body, signature, this.#options.webhookSecret);
    } catch (error) {
      throw notSigned(error);
    }
  }

  #refunded({ id, payment_intent, amount_refunded }: Stripe.Charge): Promise<PaymentEvent | null> {
    const back = { source: `refunds ${id}`, backMinor: amount_refunded };
    return this.#about(payment_intent, (depositId) => ({ kind: 'takenBack', depositId, ...back }));
  }

  /** An inquiry takes no money, unless it becomes a dispute: a refund ends it. */
  async #disputed(
    { id, payment_intent, amount, status }: Stripe.Dispute,
    type: 'charge.dispute.created' | 'charge.dispute.funds_withdrawn',
  ): Promise<PaymentEvent | null> {
    if (type === 'charge.dispute.created' && inquiries.includes(status)) return null;
    const back = { source: sourceOf(id), backMinor: amount };
    return this.#about(payment_intent, (depositId) => ({ kind: 'takenBack', depositId, ...back }));
  }

  /** One that is lost stays as it was; an inquiry that is closed took nothing. */
  async #disputeClosed({ id, payment_intent, status }: Stripe.Dispute): Promise<PaymentEvent | null> {
    if (status !== 'won') return null;
    const source = sourceOf(id);
    return this.#about(payment_intent, (depositId) => ({ kind: 'reinstated', depositId, source }));
  }

  /** The payment may not be known here yet: Stripe knows whose it is. */
  async #about(
    intent: string | Stripe.PaymentIntent | null,
    event: (depositId: string) => PaymentEvent,
  ): Promise<PaymentEvent | null> {
    if (intent === null) return null;
    const known = typeof intent === 'string' ? await this.#stripe.paymentIntents.retrieve(intent) : intent;
    const depositId = known.metadata['depositId'];
    return depositId === undefined ? null : event(depositId);
  }
}

/** A dispute's name among the ways in which money goes back. */
const sourceOf = (disputeId: string): string => `dispute ${disputeId}`;

function paidBy(session: Stripe.Checkout.Session): PaymentEvent | null {
  const { metadata, payment_status, payment_intent, amount_total, currency } = session;
  const depositId = metadata?.['depositId'];
  if (payment_status !== 'paid' || depositId === undefined || payment_intent === null) return null;
  const paymentId = typeof payment_intent === 'string' ? payment_intent : payment_intent.id;
  return { kind: 'paid', depositId, paymentId, amountMinor: amount_total ?? -1, currency: currency ?? '' };
}

function failed({ metadata }: Stripe.Checkout.Session): PaymentEvent | null {
  const depositId = metadata?.['depositId'];
  return depositId === undefined ? null : { kind: 'failed', depositId };
}

function addressOf({ protocol, hostname, port }: URL) {
  const isPlain = protocol === 'http:';
  return {
    host: hostname,
    port: port === '' ? (isPlain ? 80 : 443) : Number(port),
    protocol: isPlain ? ('http' as const) : ('https' as const),
  };
}
