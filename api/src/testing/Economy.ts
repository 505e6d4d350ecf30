import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Deposit, SentGift, Withdrawal } from '@maydan/contracts';
import fc from 'fast-check';
import type { Account, TestApi } from './TestApi.ts';
import type { TestBackend } from './TestBackend.ts';
import { keyed, paidEvent, sendWebhook } from './money.ts';

/** Something that somebody does with coins, or that breaks. */
export type Deed =
  | {
      readonly kind: 'deposit';
      readonly who: number;
      readonly coins: number;
      readonly times: number;
      /** Per cent that are refunded by the provider. */
      readonly back: number;
      /** About half of it. */
      readonly dispute: 'none' | 'lost' | 'won';
    }
  | { readonly kind: 'gift'; readonly who: number; readonly quantity: number; readonly isTwice: boolean }
  | { readonly kind: 'giveBack'; readonly which: number }
  | { readonly kind: 'refund'; readonly which: number }
  | { readonly kind: 'withdraw'; readonly coins: number; readonly then: 'pay' | 'reject' | 'cancel' | 'wait' }
  | { readonly kind: 'crash'; readonly count: number };

const who = fc.nat({ max: 2 });
const coins = fc.integer({ min: 1, max: 300 });
export const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    kind: fc.constant('deposit' as const),
    ...{ who, coins, times: fc.integer({ min: 1, max: 3 }), back: fc.constantFrom(0, 0, 0, 30, 100) },
    dispute: fc.constantFrom(
      'none' as const,
      'none' as const,
      'none' as const,
      'lost' as const,
      'won' as const,
    ),
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('gift' as const),
      ...{ who, quantity: fc.integer({ min: 1, max: 9 }), isTwice: fc.boolean() },
    }),
  },
  fc.record({ kind: fc.constant('giveBack' as const), which: fc.nat({ max: 100 }) }),
  fc.record({ kind: fc.constant('refund' as const), which: fc.nat({ max: 100 }) }),
  fc.record({
    kind: fc.constant('withdraw' as const),
    ...{
      coins,
      then: fc.constantFrom('pay' as const, 'reject' as const, 'cancel' as const, 'wait' as const),
    },
  }),
  fc.record({ kind: fc.constant('crash' as const), count: fc.integer({ min: 1, max: 3 }) }),
);

/** Somebody with coins. */
export interface Person {
  readonly user: { readonly id: string };
  readonly accessToken: string;
}

export interface EconomyParts {
  readonly backend: TestBackend;
  readonly apis: readonly [TestApi, TestApi];
  readonly admin: Person;
  readonly host: Person;
  readonly fans: readonly Person[];
  readonly sessionId: string;
  readonly giftId: string;
}

/** People who deal with coins over the api, at two processes, whose connections to PostgreSQL break; and all that they were answered. */
export class Economy {
  /** With what the provider told of each: how much of its money went back and stayed away. */
  readonly deposits = new Map<string, { readonly deposit: Deposit; readonly toldBackMinor: number }>();
  readonly gifts = new Map<string, SentGift>();
  readonly withdrawals = new Map<string, Withdrawal>();
  /** Answers that were told under more than one id, or otherwise twice. */
  doubled = 0;
  crashes = 0;
  /** Deeds at work that make deposits or gifts. */
  #making = 0;
  readonly #parts: EconomyParts;
  #turn = 0;

  constructor(parts: EconomyParts) {
    this.#parts = parts;
  }

  /** Does it, and again as long as no definite answer came. */
  async do(deed: Deed): Promise<void> {
    switch (deed.kind) {
      case 'deposit':
        return this.#make(() => this.#deposit(deed));
      case 'gift':
        return this.#make(() => this.#gift(deed));
      case 'giveBack':
        return this.#giveBack(deed.which);
      case 'refund':
        return this.#refund(deed.which);
      case 'withdraw':
        return this.#withdraw(deed);
      case 'crash':
        return this.#crash(deed.count);
    }
  }

  async #make(work: () => Promise<void>): Promise<void> {
    this.#making += 1;
    await work().finally(() => (this.#making -= 1));
  }

  /** One of those that were made till then, as soon as there is any; undefined: none comes any more. */
  async #oneOf(made: ReadonlyMap<string, unknown>, which: number): Promise<string | undefined> {
    do await delay(which % 20);
    while (made.size === 0 && this.#making > 0);
    return [...made.keys()][which % Math.max(1, made.size)];
  }

  async #deposit({ who, coins, times, back, dispute }: Deed & { kind: 'deposit' }): Promise<void> {
    const fan = this.#fan(who);
    const headers = keyed();
    const made = await this.#answered((api) =>
      api.clientOf(fan.accessToken).wallet.createDeposit({ headers, body: { coins } }),
    );
    if (made === null) return;
    const [depositId, most] = [made.id, made.amountMinor];
    const [refunded, disputed] = [Math.ceil((most * back) / 100), Math.ceil(most / 2)];
    const source = 'a dispute';
    const toldBackMinor = refunded + (dispute === 'lost' ? disputed : 0);
    this.deposits.set(depositId, { deposit: made, toldBackMinor: Math.min(most, toldBackMinor) });
    const events = [
      ...Array.from({ length: times }, () => paidEvent(made)),
      ...(back > 0 ? [{ kind: 'takenBack', depositId, backMinor: refunded }] : []),
      ...(dispute === 'none' ? [] : [{ kind: 'takenBack', depositId, source, backMinor: disputed }]),
      ...(dispute === 'won' ? [{ kind: 'reinstated', depositId, source }] : []),
    ];
    await Promise.all(
      events.map((event) =>
        this.#answered(async (api) => {
          const { status } = await sendWebhook(api, event);
          if (status !== 200) throw Object.assign(new Error(`webhook ${status}`), { status });
        }),
      ),
    );
  }

  async #gift({ who, quantity, isTwice }: Deed & { kind: 'gift' }): Promise<void> {
    const { sessionId: id, giftId } = this.#parts;
    const fan = this.#fan(who);
    const request = { params: { id }, headers: keyed(randomUUID()), body: { giftId, quantity } };
    const send = () => this.#answered((api) => api.clientOf(fan.accessToken).gifts.send(request));
    const answers = (await Promise.all(isTwice ? [send(), send()] : [send()])).filter((one) => one !== null);
    if (new Set(answers.map((answer) => answer.id)).size > 1) this.doubled += 1;
    for (const answer of answers) this.gifts.set(answer.id, answer);
  }

  async #giveBack(which: number): Promise<void> {
    const id = await this.#oneOf(this.gifts, which);
    if (id === undefined) return;
    const { admin } = this.#parts;
    await this.#answered((api) => api.clientOf(admin.accessToken).gifts.returnSent({ id }));
  }

  async #refund(which: number): Promise<void> {
    const id = await this.#oneOf(this.deposits, which);
    if (id === undefined) return;
    const { admin } = this.#parts;
    await this.#answered((api) => api.clientOf(admin.accessToken).money.refundDeposit({ id }));
  }

  async #withdraw({ coins, then }: Deed & { kind: 'withdraw' }): Promise<void> {
    const { host, admin } = this.#parts;
    const request = { headers: keyed(), body: { coins, destination: 'SA03 8000' } };
    const made = await this.#answered((api) =>
      api.clientOf(host.accessToken).wallet.createWithdrawal(request),
    );
    if (made === null) return;
    this.withdrawals.set(made.id, made);
    const { id } = made;
    const decide = (work: (client: Account['client']) => Promise<unknown>) =>
      this.#answered((api) => work(api.clientOf(admin.accessToken)));
    if (then === 'pay') await decide((client) => client.money.approve({ id }));
    if (then === 'pay') await decide((client) => client.money.pay({ id, reference: 'T' }));
    if (then === 'reject') await decide((client) => client.money.reject({ id, reason: 'no' }));
    if (then === 'cancel') {
      await this.#answered((api) => api.clientOf(host.accessToken).wallet.cancelWithdrawal({ id }));
    }
  }

  /** Ends connections of the apis, in the middle of what they do. */
  async #crash(count: number): Promise<void> {
    const { database } = this.#parts.backend;
    const ending = database.$queryRaw<object[]>`
      SELECT pg_terminate_backend("pid") FROM pg_stat_activity
      WHERE "application_name" = 'maydan' AND "pid" <> pg_backend_pid() AND "state" <> 'idle' ORDER BY random() LIMIT ${count}`;
    // Two that do this at once may end each other.
    const ended = await ending.catch(() => []);
    this.crashes += ended.length;
  }

  /** The answer; null: it was refused. Without a definite one it is asked again, at the other process. */
  async #answered<T>(ask: (api: TestApi) => Promise<T>): Promise<T | null> {
    for (let attempt = 0; attempt < 60; attempt++) {
      try {
        return await ask(this.#parts.apis[this.#turn++ % 2 === 0 ? 0 : 1]);
      } catch (error) {
        const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
        if (status < 500) return null;
      }
    }
    throw new Error('no definite answer');
  }

  #fan(index: number): Person {
    const fan = this.#parts.fans[index];
    if (fan === undefined) throw new Error('nobody');
    return fan;
  }
}
