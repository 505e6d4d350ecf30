import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../../api/src/testing/TestApi.ts';
import { TestBackend } from '../../api/src/testing/TestBackend.ts';
import { KeptClient } from './KeptClient.ts';
import { median, percentile, printRows } from './measure.ts';

const ACCOUNTS = 10;
const LOGINS_PER_SEC = 20;
const OTHERS_PER_SEC = 50;
const SECONDS = 20;
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
  readonly beside: number[];
  readonly logins: number[];
}

async function round(
  others: KeptClient,
  signingIn: KeptClient,
  accounts: readonly Account[],
): Promise<Round> {
  const token = accounts[0]?.accessToken ?? '';
  const askOthers = (seconds: number) =>
    atRate(OTHERS_PER_SEC, seconds, () => others.ask('/api/v1/auth/me', { token }));
  const signIn = (index: number): Promise<unknown> => {
    const { user, password } = accounts[index % accounts.length] as Account;
    return signingIn.ask('/api/v1/auth/login', { body: { login: user.username, password } });
  };
  await askOthers(2);
  const alone = await askOthers(SECONDS);
  const [logins, beside] = await Promise.all([atRate(LOGINS_PER_SEC, SECONDS, signIn), askOthers(SECONDS)]);
  return { alone, beside, logins };
}

/**
 * Requests at a steady rate to an api process of its own, first alone and then while people sign in by password: the ratio of
 * their p99, median of the rounds.
 */
export async function run(rounds = 5): Promise<boolean> {
  const backend = await TestBackend.start();
  const clients: KeptClient[] = [];
  try {
    const maker = await backend.startApi({ LOG_LEVEL: 'error' });
    const accounts = await Promise.all(Array.from({ length: ACCOUNTS }, () => maker.register()));
    await maker.close();
    // Tests tidy up far more often than production does.
    const environment = { AUTH_RATE_PER_ADDRESS: '1000000', TIDYING_PERIOD_MS: '60000' };
    const api = await backend.startProcess(0, environment);
    clients.push(new KeptClient(api.url, 20), new KeptClient(api.url, 40));
    const [others, signingIn] = clients as [KeptClient, KeptClient];
    const done: Round[] = [];
    for (let index = 0; index < rounds; index++) done.push(await round(others, signingIn, accounts));
    return print(done);
  } finally {
    for (const client of clients) client.close();
    await backend.close();
  }
}

function print(rounds: readonly Round[]): boolean {
  const told = (of: (round: Round) => number[]): string => {
    const at = (percent: number): string =>
      median(rounds.map((one) => percentile(of(one), percent))).toFixed(1);
    return `${at(50)} ms, p99 ${at(99)} ms`;
  };
  const ratios = rounds.map(({ alone, beside }) => percentile(beside, 99) / percentile(alone, 99));
  const ratio = median(ratios);
  const each = ratios.map((one) => `${one.toFixed(2)}×`).join(', ');
  printRows('login', [
    { name: 'other requests alone', value: told(({ alone }) => alone), bar: '–', ok: true },
    {
      name: `beside ${LOGINS_PER_SEC} logins a second`,
      value: told(({ beside }) => beside),
      bar: '–',
      ok: true,
    },
    { name: 'the logins', value: told(({ logins }) => logins), bar: '–', ok: true },
    {
      name: 'p99 beside logins against alone, median',
      value: `${ratio.toFixed(2)}× (${each})`,
      bar: `≤ ${BAR}×`,
      ok: ratio <= BAR,
    },
  ]);
  return ratio <= BAR;
}
