import { randomUUID } from 'node:crypto';
import { keyed } from '../testing/money.ts';
import { refusalOf, type Account, type AskOptions, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

const limit = 2;
let backend: TestBackend;
let apis: readonly [TestApi, TestApi];
let ann: Account;
let bob: Account;
let id: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  const names = ['GIFT', 'WALLET', 'ANALYTICS', 'WEBHOOK'].map((name) => `${name}_RATE_PER_USER`);
  const rates = Object.fromEntries([...names, 'JOIN_RATE_PER_ADDRESS'].map((name) => [name, `${limit}`]));
  const environment = { ...rates, TRUST_PROXY: 'loopback' };
  apis = [await backend.startApi(environment), await backend.startApi(environment)];
  [ann, bob] = (await apis[0].people(2)) as [Account, Account];
  id = (await ann.client.sessions.create({ title: 'room' })).id;
});
beforeEach(async () => {
  // What is counted for one is another's count, too: the wallet's is for deposits and withdrawals.
  const keys = await backend.redis.keys('maydan:limit:*');
  if (keys.length > 0) await backend.redis.del(keys);
});
afterAll(() => backend?.close());

const year = { from: '2026-01-01', to: '2026-12-31' };
const withdrawal = { coins: 100, destination: 'an account' };
const nobody = randomUUID();

interface Limited {
  readonly what: string;
  readonly ask: readonly [method: string, path: () => string];
  readonly body?: () => object;
  readonly isKeyed?: boolean;
  /** Counts addresses, not people. */
  readonly byAddress?: boolean;
}
const limited: Limited[] = [
  {
    ...{ what: 'gifts', ask: ['POST', () => `/sessions/${id}/gifts`], isKeyed: true },
    body: () => ({ giftId: nobody }),
  },
  {
    ...{ what: 'deposits', ask: ['POST', () => '/me/wallet/deposits'], isKeyed: true },
    body: () => ({ coins: 100 }),
  },
  {
    ...{ what: 'withdrawals', ask: ['POST', () => '/me/wallet/withdrawals'], isKeyed: true },
    body: () => withdrawal,
  },
  { what: 'withdrawals taken back', ask: ['POST', () => `/me/wallet/withdrawals/${nobody}/cancel`] },
  { what: 'statistics', ask: ['GET', () => `/me/analytics?from=${year.from}&to=${year.to}`] },
  { what: 'statistics of a session', ask: ['GET', () => `/sessions/${id}/analytics`] },
  {
    ...{ what: 'webhooks', ask: ['POST', () => '/me/webhooks'] },
    body: () => ({ url: 'https://hooks.example.org/x', types: ['session.started'] }),
  },
  {
    what: 'webhooks changed',
    ask: ['PATCH', () => `/me/webhooks/${nobody}`],
    body: () => ({ enabled: false }),
  },
  { what: 'webhooks with a new secret', ask: ['POST', () => `/me/webhooks/${nobody}/rotate`] },
  {
    ...{ what: 'beginnings to watch', ask: ['POST', () => `/sessions/${id}/viewing`], byAddress: true },
    body: () => ({}),
  },
];

it.each(limited)('$what are limited over all processes, at once, too, and nobody else is', async (one) => {
  const { ask, body, isKeyed = false, byAddress = false } = one;
  const [method, path] = ask;
  const options = (who: Account, address: string): AskOptions => ({
    token: who.accessToken,
    ...(body === undefined ? {} : { body: body() }),
    headers: { ...(isKeyed ? keyed() : {}), 'x-forwarded-for': address },
  });
  const from = (where: TestApi, who: Account, address = '192.0.2.1') =>
    where.ask(method, `/api/v1${path()}`, options(who, address));
  const answers = await Promise.all([0, 1, 0, 1, 0].map((nth) => from(apis[nth === 0 ? 0 : 1], ann)));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(answers.length - limit);
  expect(new Set(refused.map(refusalOf))).toEqual(new Set(['429 rate_limited']));
  for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  const others = byAddress ? await from(apis[0], ann, '192.0.2.2') : await from(apis[0], bob);
  expect(others.status).not.toBe(429);
  for (const { status } of answers) expect(status).toBeLessThan(500);
});
