import type { Deposit } from '@maydan/prisma';

/** What a provider tells of a payment. It may come late, twice, and in any order. */
export type PaymentEvent =
  | {
      readonly kind: 'paid';
      readonly depositId: string;
      /** The provider's own id of the payment. */
      readonly paymentId: string;
      readonly amountMinor: number;
      readonly currency: string;
    }
  | { readonly kind: 'failed'; readonly depositId: string }
  /** The money, or a part of it, went back: a refund or a chargeback. */
  | {
      readonly kind: 'takenBack';
      readonly depositId: string;
      /** In which way: what went back in several adds up. */
      readonly source: string;
      /** All that went back so far in this way. */
      readonly backMinor: number;
    }
  /** What went back in one way came again, all of it and for good: a dispute was won. */
  | { readonly kind: 'reinstated'; readonly depositId: string; readonly source: string };

/** Whoever takes people's money for us. */
export interface PaymentProvider {
  readonly name: string;
  /** Begins a payment; the address where it is paid. Again for the same deposit it is the same payment. */
  createCheckout(deposit: Deposit): Promise<string>;
  /**
   * What a webhook says; null when it is of nothing that concerns us. Throws `forbidden` unless it is signed by the provider,
   * and `bad_request` when it can't be read.
   */
  readEvent(body: Buffer, header: (name: string) => string | undefined): Promise<PaymentEvent | null>;
  /** Gives all the money back; again it changes nothing. */
  refund(deposit: Deposit): Promise<void>;
}
