import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Stripe } from 'stripe';
import { LocalHttp } from './LocalHttp.ts';
import type { Answer, TestApi } from './TestApi.ts';

const webhookSecret = 'whsec_of_the_tests';

/** Stands where Stripe does: checkouts, payment intents, and webhooks signed by Stripe's own library. */
export class StripeEndpoint extends LocalHttp {
  /** Deposits by their payment intents, in the order of checkouts. */
  readonly intents = new Map<string, string>();

  static async start(): Promise<StripeEndpoint> {
    return new StripeEndpoint(await LocalHttp.listen());
  }

  get environment(): Record<string, string> {
    return {
      ...{ PAYMENT_PROVIDER: 'stripe', STRIPE_SECRET_KEY: 'sk_test_x', STRIPE_API_URL: this.url },
      ...{ STRIPE_WEBHOOK_SECRET: webhookSecret, PUBLIC_URL: 'https://live.example.org' },
    };
  }

  intentOf(depositId: string): string {
    return [...this.intents].find(([, id]) => id === depositId)?.[0] ?? '';
  }

  tell(api: TestApi, type: string, object: object, secret = webhookSecret): Promise<Answer> {
    const payload = JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } });
    const signature = new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload, secret });
    const headers = { 'stripe-signature': signature };
    return api.ask('POST', '/webhooks/payments/stripe', { body: payload, headers });
  }

  protected override async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fields = new URLSearchParams(await text(request));
    const body = this.#answerOf(request.url ?? '', fields);
    response.writeHead(body === null ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { error: { type: 'invalid_request_error' } }));
  }

  #answerOf(path: string, fields: URLSearchParams): object | null {
    if (path === '/v1/checkout/sessions') {
      const id = `pi_${this.intents.size + 1}`;
      this.intents.set(id, fields.get('payment_intent_data[metadata][depositId]') ?? '');
      return { id: 'cs_1', object: 'checkout.session', url: `https://checkout.stripe.com/c/${id}` };
    }
    const id = path.split('/').at(-1) ?? '';
    const depositId = this.intents.get(id);
    return depositId === undefined ? null : { id, object: 'payment_intent', metadata: { depositId } };
  }
}
