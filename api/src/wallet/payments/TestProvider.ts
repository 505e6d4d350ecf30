import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '@maydan/common';
import type { Deposit } from '@maydan/prisma';
import { z } from 'zod';
import type { PaymentEvent, PaymentProvider } from './PaymentProvider.ts';

export const testSignatureHeader = 'maydan-signature';
/** How long a signed message is good for, both ways: clocks differ. */
const toleranceSec = 300;

const depositId = z.uuid();
const events = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('paid'),
    ...{ depositId, paymentId: z.string().max(100), amountMinor: z.int(), currency: z.string() },
  }),
  z.object({ kind: z.literal('failed'), depositId }),
  z.object({
    kind: z.literal('takenBack'),
    ...{ depositId, source: z.string().max(100).default('refunds'), backMinor: z.int().min(1) },
  }),
  z.object({ kind: z.literal('reinstated'), ...{ depositId, source: z.string().max(100) } }),
]);

/** Money that isn't any, for development and tests: a page of ours where a click pays. Its webhooks are signed like real ones. */
export class TestProvider implements PaymentProvider {
  readonly name = 'test';
  readonly #secret: string;
  readonly #baseUrl: string;

  /** `baseUrl` is where people reach us; empty: checkout addresses are paths. */
  constructor(secret: string, baseUrl: string) {
    this.#secret = secret;
    this.#baseUrl = baseUrl;
  }

  createCheckout({ id }: Deposit): Promise<string> {
    return Promise.resolve(`${this.#baseUrl}/payments/test/${id}/${this.tokenOf(id)}`);
  }

  /** Opens the page of a deposit: only its owner is told it. */
  tokenOf(id: string): string {
    return this.#hmac(`checkout ${id}`).slice(0, 32);
  }

  isToken(id: string, token: string): boolean {
    return isSame(this.tokenOf(id), token);
  }

  /** A webhook's signature header for a body. */
  sign(body: Buffer, now = new Date()): string {
    const time = String(Math.floor(now.getTime() / 1_000));
    return `t=${time},v1=${this.#hmac(`${time}.${body.toString()}`)}`;
  }

  readEvent(body: Buffer, header: (name: string) => string | undefined): Promise<PaymentEvent> {
    const given = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header(testSignatureHeader) ?? '');
    const [, time = '', signature = ''] = given ?? [];
    const ageSec = Math.abs(Date.now() / 1_000 - Number(time));
    if (given === null || !isSame(this.#hmac(`${time}.${body.toString()}`), signature)) throw notSigned();
    if (ageSec > toleranceSec) throw notSigned();
    return Promise.resolve(parse(body));
  }

  refund(): Promise<void> {
    return Promise.resolve();
  }

  #hmac(text: string): string {
    return createHmac('sha256', `payments ${this.#secret}`).update(text).digest('hex');
  }
}

export function notSigned(cause?: unknown): AppError {
  return new AppError('forbidden', 'The message is not signed by the provider.', undefined, { cause });
}

function parse(body: Buffer): PaymentEvent {
  try {
    return events.parse(JSON.parse(body.toString()));
  } catch (error) {
    throw new AppError('bad_request', undefined, undefined, { cause: error });
  }
}

function isSame(one: string, other: string): boolean {
  const [bytes, others] = [Buffer.from(one), Buffer.from(other)];
  return bytes.length === others.length && timingSafeEqual(bytes, others);
}
