import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../../api/src/testing/TestApi.ts';
import { TestBackend } from '../../api/src/testing/TestBackend.ts';
import { Passwords } from '../../api/src/identity/Passwords.ts';
import { KeptClient } from './KeptClient.ts';
import { median, percentile, printRows } from './measure.ts';

/** So many that none refreshes its token again before the answer came. */
const ACCOUNTS = 41;
const LOGINS_PER_SEC = 20;
/** So many that the worst hundredth is more than a handful. */
const OTHERS_PER_SEC = 200;
const SECONDS = 15;
const BAR = 1.25;

/** Calls `ask` at its times whatever became of the calls before; milliseconds from when each was due until it was answered. */
async function atRate(
  perSec: number,
  seconds: number,
  ask: (index: number) => Promise<unknown>,
): Promise<number[]> {
  const startedAt = performance.now();
  const asked: Promise<number>[] = [];
  for (let index = 0; index < perSec * seconds; index++) {
    const dueAt = startedAt + (index * 1_000) / perSec;
    const early = dueAt - performance.now();
    if (early > 0) await delay(early);
    asked.push(ask(index).then(() => performance.now() - dueAt));
    // A refusal is told at the end, by all of them.
    asked.at(-1)?.catch(() => undefined);
  }
  return Promise.all(asked);
}

interface Round {
  readonly alone: number[];
  readonly refreshing: number[];
  readonly beside: number[];
  readonly logins: number[];
}

async function round(
  others: KeptClient,
  signingIn: KeptClient,
  elsewhere: Passwords,
  tokens: Map<Account, string>,
  [asking, ...accounts]: readonly Account[],
): Promise<Round> {
  // Somebody who does not sign in meanwhile: of too many sign-ins of one person the oldest end.
  const token = asking?.accessToken ?? '';
  const askOthers = (seconds: number) =>
    atRate(OTHERS_PER_SEC, seconds, () => others.ask('/api/v1/auth/me', { token }));
  const signIn = (index: number): Promise<unknown> => {
    const { user, password } = accounts[index % accounts.length] as Account;
    return signingIn.ask('/api/v1/auth/login', { body: { login: user.username, password } });
  };
  await askOthers(2);
  const alone = await askOthers(SECONDS);
  const refresh = async (index: number): Promise<void> => {
    const account = accounts[index % accounts.length] as Account;
    const hashed = elsewhere.verify(null, 'a password of nobody');
    const answer = await signingIn.ask('/api/v1/auth/refresh', {
      body: { refreshToken: tokens.get(account) },
    });
    tokens.set(account, (JSON.parse(answer) as { refreshToken: string }).refreshToken);
    await hashed;
  };
  const [, refreshing] = await Promise.all([atRate(LOGINS_PER_SEC, SECONDS, refresh), askOthers(SECONDS)]);
  const [logins, beside] = await Promise.all([atRate(LOGINS_PER_SEC, SECONDS, signIn), askOthers(SECONDS)]);
  return { alone, refreshing, beside, logins };
}

/**
 * Requests at a steady rate to an api process of its own: alone, while people sign in by refresh tokens and another process
 * hashes as many passwords (all that logins are, with Argon2 as far from the api's event loop as can be), and while people sign
 * in by password. The ratio of the last two's p99, median of the rounds: the harm that Argon2 in the api does.
 */
export async function run(rounds = 5): Promise<boolean> {
  const backend = await TestBackend.start();
  const clients: KeptClient[] = [];
  const elsewhere = new Passwords();
  try {
    const maker = await backend.startApi({ LOG_LEVEL: 'error' });
    const accounts = await Promise.all(Array.from({ length: ACCOUNTS }, () => maker.register()));
    const tokens = new Map(accounts.map((account) => [account, account.refreshToken]));
    await maker.close();
    // Tests tidy up far more often than production does.
    const environment = { AUTH_RATE_PER_ADDRESS: '1000000', TIDYING_PERIOD_MS: '60000' };
    const api = await backend.startProcess(0, environment);
    clients.push(new KeptClient(api.url, 20), new KeptClient(api.url, 40));
    const [others, signingIn] = clients as [KeptClient, KeptClient];
    const done: Round[] = [];
    for (let index = 0; index < rounds; index++)
      done.push(await round(others, signingIn, elsewhere, tokens, accounts));
    return print(done);
  } finally {
    for (const client of clients) client.close();
    await elsewhere.close();
    await backend.close();
  }
}

function print(rounds: readonly Round[]): boolean {
  const told = (of: (round: Round) => number[]): string => {
    const at = (percent: number): string =>
      median(rounds.map((one) => percentile(of(one), percent))).toFixed(1);
    return `${at(50)} ms, p99 ${at(99)} ms`;
  };
  const p99 = (samples: number[]): number => percentile(samples, 99);
  const ratiosTo = (of: (round: Round) => number[]): number[] =>
    rounds.map((one) => p99(one.beside) / p99(of(one)));
  const shown = (ratios: number[]): string =>
    `${median(ratios).toFixed(2)}× (${ratios.map((one) => `${one.toFixed(2)}×`).join(', ')})`;
  const ratios = ratiosTo(({ refreshing }) => refreshing);
  const ok = median(ratios) <= BAR;
  printRows('login', [
    { name: 'other requests alone', value: told(({ alone }) => alone), bar: '–', ok: true },
    {
      name: `beside ${LOGINS_PER_SEC} refreshes, and hashes by another process, a second`,
      value: told(({ refreshing }) => refreshing),
      bar: '–',
      ok: true,
    },
    {
      name: `beside ${LOGINS_PER_SEC} logins a second`,
      value: told(({ beside }) => beside),
      bar: '–',
      ok: true,
    },
    { name: 'the logins', value: told(({ logins }) => logins), bar: '–', ok: true },
    {
      name: 'p99 beside logins against alone, median',
      value: shown(ratiosTo(({ alone }) => alone)),
      bar: '–',
      ok: true,
    },
    {
      name: 'p99 beside logins against beside refreshes and hashes elsewhere, median',
      value: shown(ratios),
      bar: `≤ ${BAR}×`,
      ok,
    },
  ]);
  return ok;
}
