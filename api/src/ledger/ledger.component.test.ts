import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import { checkEconomy, createEconomy } from '../testing/checkEconomy.ts';
import { Mortals } from '../testing/Mortals.ts';
import { earnDirectly, expectBalancedBooks, fundDirectly } from '../testing/money.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { WalletRepo } from '../wallet/wallet.repo.ts';
import { commissionOf, receivingOf, walletOf } from './accounts.ts';
import { openAccounts } from './ledger.repo.ts';

const run = promisify(execFile);
let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start({ logs: false });
  api = await backend.startApi();
});
afterAll(async () => {
  await backend?.close();
});
afterEach(() => expectBalancedBooks(backend));

const balancesOf = ({ user }: Account) => new WalletRepo(backend.database).balances(user.id);
const earn = (from: Account, to: Account) => earnDirectly(backend, from.user.id, to.user.id, 5);
const fund = ({ user }: Account, coins: number) => fundDirectly(backend, user.id, coins);

describe('the ledger', () => {
  const attempt = (sql: string): Promise<unknown> => backend.database.$executeRawUnsafe(sql);

  it('is refused by the database what is not whole, and each change', async () => {
    const ann = await api.register();
    await fund(ann, 100);
    await openAccounts(backend.database, [commissionOf(0), receivingOf(ann.user.id, 0)]);
    const [wallet, other] = [walletOf(ann.user.id).id, commissionOf(0).id];
    const entry = (id: string, postings: number, lines: string): string =>
      `WITH e AS (INSERT INTO "LedgerEntry" ("id", "kind", "ref", "postings") VALUES ('${id}', 'gift', '${id}', ${postings}))
       INSERT INTO "LedgerPosting" ("entryId", "accountId", "amount") VALUES ${lines}`;
    const line = (id: string, account: string, amount: number): string =>
      `('${id}', '${account}', ${amount})`;
    const [one, two] = [newId(), newId()];
    const refused: [string, RegExp][] = [
      [entry(one, 2, `${line(one, wallet, -5)}, ${line(one, other, 4)}`), /do not sum to zero/],
      [entry(one, 2, `${line(one, wallet, -101)}, ${line(one, other, 101)}`), /balance_check/],
      [entry(one, 3, `${line(one, wallet, -5)}, ${line(one, other, 5)}`), /from the start/],
      [entry(one, 2, `${line(one, wallet, -5)}, ${line(one, newId(), 5)}`), /account that is not there/],
      [entry(one, 2, `${line(one, wallet, 0)}, ${line(one, other, 0)}`), /amount_check/],
      [
        `INSERT INTO "LedgerEntry" ("id", "kind", "ref", "postings") VALUES ('${two}', 'gift', 'x', 2)`,
        /without its postings/,
      ],
      [`UPDATE "LedgerPosting" SET "amount" = 1`, /append-only/],
      [`DELETE FROM "LedgerPosting"`, /append-only/],
      [`TRUNCATE "LedgerPosting"`, /append-only/],
      [`UPDATE "LedgerEntry" SET "kind" = 'deposit'`, /append-only/],
      [`DELETE FROM "LedgerEntry"`, /append-only/],
      [`TRUNCATE "LedgerEntry" CASCADE`, /append-only/],
      [`DELETE FROM "LedgerAccount"`, /append-only/],
      [`UPDATE "LedgerAccount" SET "balance" = "balance" + 1`, /by postings alone/],
      [`UPDATE "LedgerAccount" SET "ownerId" = NULL`, /by postings alone/],
      [
        `INSERT INTO "LedgerAccount" ("id", "kind", "balance") VALUES ('${newId()}', 'commission', 5)`,
        /by postings alone/,
      ],
    ];
    for (const [sql, reason] of refused) await expect(attempt(sql)).rejects.toThrow(reason);

    await attempt(entry(one, 2, `${line(one, wallet, -5)}, ${line(one, other, 5)}`));
    const again = `INSERT INTO "LedgerPosting" ("entryId", "accountId", "amount") VALUES
      ('${one}', '${receivingOf(ann.user.id, 0).id}', 1), ('${one}', '${commissionOf(1).id}', -1)`;
    await openAccounts(backend.database, [commissionOf(1)]);
    await expect(attempt(again)).rejects.toThrow(/from the start/);
    expect((await balancesOf(ann)).wallet).toBe(95n);
  });

  it('loses nothing between people who pay each other at once', async () => {
    const [ann, bob] = [await api.register(), await api.register()];
    await Promise.all([fund(ann, 60), fund(bob, 60)]);
    // Each way more than is there: some are refused, none waits for another in a circle.
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? earn(ann, bob) : earn(bob, ann))),
    );
    const refusals = results.filter((result) => result.status === 'rejected');
    for (const { reason } of refusals) expect(reason).toMatchObject({ code: 'insufficient_funds' });
    expect(refusals).toHaveLength(16);
    for (const account of [ann, bob]) {
      expect(await balancesOf(account)).toMatchObject({ wallet: 0n, receiving: 60n });
    }
  });

  it('is proved by an audit, for admins, which finds what is wrong', async () => {
    const [ann, admin] = [await api.register(), await api.register()];
    await backend.giveRole(admin, 'admin');
    const audit = await admin.client.money.audit();
    expect(audit).toMatchObject({ ok: true, problems: [] });
    expect(audit.entries).toBeGreaterThan(0);
    expect(await api.refusal(ann, 'GET', '/admin/ledger/audit')).toBe('403 forbidden');
    expect(await api.refusal(null, 'GET', '/admin/ledger/audit')).toBe('401 unauthenticated');

    const { id } = walletOf((await backend.database.deposit.findFirstOrThrow()).userId);
    const tamper = async (amount: number): Promise<void> => {
      await backend.database.$transaction([
        backend.database.$executeRaw`SET LOCAL session_replication_role = replica`,
        backend.database
          .$executeRaw`UPDATE "LedgerAccount" SET "balance" = "balance" + ${amount}::int WHERE "id" = ${id}::uuid`,
      ]);
    };
    const watching = await backend.startApi({ LEDGER_RECONCILE_PERIOD_MS: '200', TIDYING_PERIOD_MS: '100' });
    const foundByItself = (problems: number) => foundIn(watching, 'books', problems);
    await foundByItself(0);
    await tamper(7);
    const found = await admin.client.money.audit();
    await foundByItself(found.problems.length);
    const program = join(import.meta.dirname, 'auditMain.ts');
    const env = { ...process.env, DATABASE_URL: backend.databaseUrl };
    await expect(run(process.execPath, [program], { env })).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining(id),
    });
    await tamper(-7);
    await foundByItself(0);
    await watching.close();
    expect((await run(process.execPath, [program], { env })).stdout).toContain('"ok": true');
    expect(found).toMatchObject({ ok: false });
    expect(found.problems).toContainEqual({
      ...{ check: 'each balance is the sum of its postings', count: 1, examples: [id] },
    });
  });
});

it('leaderboards that are not as the ledger says are found by the daily job, raise the alarm and are mended', async () => {
  const watching = await backend.startApi({ TIDYING_PERIOD_MS: '100' });
  const again = () => backend.redis.del('maydan:ledger:reconciled');
  await foundIn(watching, 'books', 0);
  await again();
  await foundIn(watching, 'leaderboards', 0);
  const board = `maydan:gifts:board:session:${newId()}`;
  await backend.redis.zadd(board, 5, 'x');
  await again();
  await foundIn(watching, 'leaderboards', 1);
  expect(await backend.redis.exists(board)).toBe(0);
  await again();
  await foundIn(watching, 'leaderboards', 0);
  await watching.close();
});

const foundIn = (node: TestApi, of: 'books' | 'leaderboards', count: number): Promise<void> => {
  const line = new RegExp(`^maydan_api_ledger_problems\\{of="${of}",.*\\} ${count}$`, 'm');
  return waitUntil(`${count} in the metrics`, async () => line.test(await metricsOf(node)), 60_000);
};
const metricsOf = async ({ opsUrl }: TestApi): Promise<string> => (await fetch(`${opsUrl}/metrics`)).text();

// By hand, for minutes: tests/soak/ledger.test.ts.
it('whatever people do at once, and whatever breaks between any two steps, the books balance, and nothing is lost or doubled', async () => {
  const mortals = await Mortals.start(backend);
  const base = await createEconomy(backend, api, mortals.apis);
  const killing = mortals.killUntilOver(2_000);
  const done = await checkEconomy(base, { leastRuns: 100, forMs: 18_000 }).finally(async () => {
    mortals.end();
    await killing;
  });
  for (const count of Object.values({ ...done, kills: mortals.kills })) expect(count).toBeGreaterThan(0);
}, 240_000);
