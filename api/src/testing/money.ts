import { randomUUID } from 'node:crypto';
import { newId } from '@maydan/prisma';
import { allReceivingOf, receivingOf, walletOf } from '../ledger/accounts.ts';
import { auditLedger } from '../ledger/audit.repo.ts';
import { inTransaction, openAccounts, post } from '../ledger/ledger.repo.ts';
import { DepositsRepo } from '../wallet/deposits.repo.ts';
import { TestProvider, testSignatureHeader } from '../wallet/payments/TestProvider.ts';
import type { Account, Answer, TestApi } from './TestApi.ts';
import { TestBackend } from './TestBackend.ts';

const provider = new TestProvider(TestBackend.accessTokenSecret, '');

/** A new idempotency key's header. */
export const keyed = (key: string = randomUUID()) => ({ 'idempotency-key': key });

/** What the test provider sends, rightly signed unless said otherwise. */
export function sendWebhook(
  api: TestApi,
  event: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = JSON.stringify(event);
  const signature = { [testSignatureHeader]: provider.sign(Buffer.from(body)) };
  return api.ask('POST', '/webhooks/payments/test', { body, headers: { ...signature, ...headers } });
}

export interface Paid {
  readonly id: string;
  readonly amountMinor: number;
  readonly currency: string;
}

export const paidEvent = ({ id, amountMinor, currency }: Paid) => ({
  ...{ kind: 'paid', depositId: id, paymentId: `p-${id}`, amountMinor, currency },
});

/** The person has bought so many coins. The deposit. */
export async function fund(api: TestApi, account: Account, coins: number): Promise<Paid> {
  const deposit = await account.client.wallet.createDeposit({ headers: keyed(), body: { coins } });
  await sendWebhook(api, paidEvent(deposit));
  return deposit;
}

/** As `fund`, at once in the database, for many. */
export async function fundDirectly(backend: TestBackend, userId: string, coins: number): Promise<void> {
  const deposits = new DepositsRepo(backend.database);
  const [id, amountMinor, currency] = [newId(), coins, 'usd'];
  const request = { userId, key: id, operation: 'deposit', request: {} };
  await deposits.create(request, {
    id,
    userId,
    provider: 'test',
    coins: BigInt(coins),
    amountMinor,
    currency,
  });
  await deposits.settle('test', { kind: 'paid', depositId: id, paymentId: id, amountMinor, currency });
}

/** Moves coins from a wallet to what somebody earned, over two shards. */
export async function earnDirectly(
  { database }: TestBackend,
  fromId: string,
  toId: string,
  coins: number,
): Promise<void> {
  await openAccounts(database, [walletOf(fromId), ...allReceivingOf(toId)]);
  const part = BigInt(Math.floor(coins / 2));
  await inTransaction(database, (transaction) =>
    post(transaction, {
      kind: 'gift',
      ref: `test:${randomUUID()}`,
      postings: [
        { account: walletOf(fromId), amount: -BigInt(coins) },
        { account: receivingOf(toId, 3), amount: part },
        { account: receivingOf(toId, 7), amount: BigInt(coins) - part },
      ],
    }),
  );
}

/** Fails unless the books balance. */
export async function expectBalancedBooks({ database }: TestBackend): Promise<void> {
  const { problems } = await auditLedger(database);
  expect(problems).toEqual([]);
}
