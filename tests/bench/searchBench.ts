import type { Database } from '@maydan/prisma';
import type { Account, TestApi } from '../../api/src/testing/TestApi.ts';
import { TestBackend } from '../../api/src/testing/TestBackend.ts';
import { numbers, people, storePeople, type Person } from './manyPeople.ts';
import { percentile, printRows, type BenchRow } from './measure.ts';

const USERS = 100_000;
const REQUESTS = 200;
const IN_FLIGHT = 2;
const BAR_MS = 50;

type Kind = (person: Person, next: () => number) => string;
const cut = (text: string, from: number, to: number): string => Array.from(text).slice(from, to).join('');
/** One letter is another. */
const misspelled = (text: string): string => `${cut(text, 0, 3)}q${cut(text, 4, 99)}`;

/** What people type. */
const kinds: Readonly<Record<string, Kind>> = {
  'whole username': ({ username }) => username,
  'whole name': ({ displayName }) => displayName,
  'first letter': ({ displayName }) => cut(displayName, 0, 1),
  'first two letters': ({ displayName }) => cut(displayName, 0, 2),
  'first four letters': ({ displayName }) => cut(displayName, 0, 4),
  'first name': ({ displayName }) => displayName.split(' ')[0] ?? '',
  'last name': ({ displayName }) => displayName.split(' ')[1] ?? '',
  'words the other way round': ({ displayName }) => displayName.split(' ').reverse().join(' '),
  'middle of a name': ({ displayName }) => cut(displayName, 2, 6).trim(),
  'middle of a username': ({ username }) => cut(username, 3, 10),
  'misspelled name': ({ displayName }) => misspelled(displayName),
  'misspelled first name': ({ displayName }) => misspelled(displayName.split(' ')[0] ?? ''),
  'nobody’s name': (_, next) => `x${Math.floor(next() * 1e9).toString(36)}w`,
};

/** Milliseconds of each request, some at a time. */
async function times(
  queries: readonly string[],
  ask: (query: string) => Promise<unknown>,
): Promise<number[]> {
  const took: number[] = [];
  const waiting = [...queries];
  const run = async (): Promise<void> => {
    for (let query = waiting.pop(); query !== undefined; query = waiting.pop()) {
      const startedAt = performance.now();
      await ask(query);
      took.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, run));
  return took;
}

/** What one would write first: a search for the text anywhere in the display name. */
function plainSearch(database: Database, query: string): Promise<unknown> {
  const contains = { contains: query, mode: 'insensitive' } as const;
  return database.user.findMany({
    where: { OR: [{ username: contains }, { displayName: contains }] },
    orderBy: { displayName: 'asc' },
    take: 20,
  });
}

async function signedIn(backend: TestBackend, api: TestApi): Promise<Account> {
  const account = await api.register('searcher');
  const blocked = await backend.database.user.findMany({ take: 50, select: { id: true } });
  const blockerId = account.user.id;
  const data = blocked.filter(({ id }) => id !== blockerId).map(({ id }) => ({ blockerId, blockedId: id }));
  await backend.database.block.createMany({ data });
  return account;
}

/** Searches over HTTP among 100,000 people, by somebody who blocks fifty; the api and its client share this process. */
export async function run(): Promise<boolean> {
  const backend = await TestBackend.start();
  try {
    const api = await backend.startApi({ SEARCH_RATE_PER_USER: '1000000', LOG_LEVEL: 'error' });
    const all = people(USERS, numbers(1));
    await storePeople(backend.database, all);
    const { client } = await signedIn(backend, api);
    const next = numbers(2);
    const rows: BenchRow[] = [];
    const [every, plain]: [number[], number[]] = [[], []];
    for (const [name, kind] of Object.entries(kinds)) {
      const chosen = Array.from({ length: REQUESTS }, () => all[Math.floor(next() * USERS)]);
      const queries = chosen.flatMap((person) => (person === undefined ? [] : [kind(person, next)]));
      await times(queries.slice(0, 20), (query) => client.people.search({ query }));
      const took = await times(queries, (query) => client.people.search({ query }));
      every.push(...took);
      plain.push(...(await times(queries.slice(0, 20), (query) => plainSearch(backend.database, query))));
      rows.push(rowOf(name, took));
    }
    rows.push(rowOf('all', every));
    const ratio = percentile(every, 99) / percentile(plain, 99);
    const value = `${ratio.toFixed(2)}× of ${Math.round(percentile(plain, 99))} ms`;
    rows.push({ name: 'all, p99 against ILIKE without an index', value, bar: '< 1×', ok: ratio < 1 });
    printRows('search', rows);
    return rows.every(({ ok }) => ok);
  } finally {
    await backend.close();
  }
}

function rowOf(name: string, took: readonly number[]): BenchRow {
  const [middle, p99] = [percentile(took, 50), percentile(took, 99)];
  const value = `${middle.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
  return { name, value, bar: `p99 ≤ ${BAR_MS} ms`, ok: p99 <= BAR_MS };
}
