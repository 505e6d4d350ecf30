import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { createApiClient, type ApiClient, type Viewership } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import type { ApiProcess } from '../testing/ApiProcess.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

// Players here say that they go on every 15 seconds, as pages do.
jest.setTimeout(180_000);

let backend: TestBackend;
let api: TestApi;
let host: Account;
let ann: Account;
let id: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  host = await api.register();
  ann = await api.register();
  id = (await host.client.sessions.create({ title: 'room' })).id;
}, 120_000);
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
}, 30_000);

const viewers = async (): Promise<Viewership> => (await api.client.sessions.get({ id })).viewers;
const clientOf = ({ url }: { url: string }): ApiClient => createApiClient({ baseUrl: url });
const people = 6;

it('who joins and who leaves is told within five seconds, over REST and the event, on another node, too', async () => {
  const { id } = await host.client.sessions.create({ title: 'another' });
  const second = await backend.startApi();
  const room = await TestSocket.connect(second.url);
  await room.ask('chat:join', { sessionId: id });
  const now = async ({ client }: TestApi) => (await client.sessions.get({ id })).viewers.concurrent;
  const isTold = async (count: number) => {
    const told = room
      .of('session:events')
      .flatMap(({ events }) => events)
      .filter((event) => event.type === 'viewers');
    const asked = [await now(api), await now(second)];
    return told.at(-1)?.concurrent === count && asked.every((concurrent) => concurrent === count);
  };
  const tokens: string[] = [];
  for (const count of [1, 2]) {
    tokens.push((await api.client.viewing.start({ id })).viewingToken);
    await waitUntil(`${count} there`, () => isTold(count), 5_000);
  }
  for (const [left, token] of [...tokens.entries()].reverse()) {
    await second.client.viewing.end({ token });
    await waitUntil(`${left} left`, () => isTold(left), 5_000);
  }
});

it('what was watched before a crash of an api or of Redis is known afterwards, but for ten seconds at most', async () => {
  const doomed = await backend.startProcess();
  const socket = await TestSocket.connect(api.url, { token: ann.accessToken });
  await socket.ask('chat:join', { sessionId: id });
  await socket.ask('reaction:send', { sessionId: id, kind: 'heart', count: 7 });
  const startedAt = performance.now();
  const tokens = await Promise.all(
    Array.from({ length: people }, async () => (await api.client.viewing.start({ id })).viewingToken),
  );
  const watchedSec = (): number => (people * (performance.now() - startedAt)) / 1_000;
  /** Those refused or not answered are said again to the one that lives. */
  const beat = async (where: { url: string }): Promise<number> => {
    const client = clientOf(where);
    const said = await Promise.allSettled(tokens.map((token) => client.viewing.heartbeat({ token })));
    const lost = tokens.filter((_, nth) => said[nth]?.status === 'rejected');
    await Promise.all(lost.map((token) => api.client.viewing.heartbeat({ token })));
    return lost.length;
  };

  await delay(15_000);
  expect(await killedAmid(doomed, () => beat(doomed))).toBeGreaterThan(0);
  const killedAt = watchedSec();
  await waitUntil(
    'all that they watched',
    async () => (await viewers()).watchTimeSec >= killedAt - people,
    10_000,
  );
  expect(await viewers()).toMatchObject({ concurrent: people, peak: people, unique: people, reactions: 7 });

  // In the middle between two heartbeats of the players: Redis loses all, in one moment.
  await delay(6_000);
  await backend.redis.flushall();
  const lostAt = watchedSec();
  await delay(15_000 - 6_000);
  expect(await beat(api)).toBe(0);
  const backAt = watchedSec();
  expect(backAt - lostAt).toBeGreaterThan(8 * people);
  await waitUntil(
    'all but ten seconds of each',
    async () => {
      const { concurrent, watchTimeSec } = await viewers();
      return concurrent === people && watchTimeSec >= backAt - 10 * people;
    },
    10_000,
  );
  const back = await viewers();
  expect(back).toMatchObject({ concurrent: people, peak: people, unique: people, reactions: 7 });
  expect(back.watchTimeSec).toBeLessThanOrEqual(watchedSec());

  // They don't come back any more.
  await delay(10_000);
  await backend.redis.flushall();
  await waitUntil('nobody', async () => (await viewers()).concurrent === 0, 30_000);
  expect((await viewers()).watchTimeSec).toBeGreaterThan(back.watchTimeSec + 2 * people);
});

/** While what is asked is on its way. */
async function killedAmid<T>(doomed: ApiProcess, ask: () => Promise<T>): Promise<T> {
  const asked = ask();
  await delay(50);
  await doomed.end('SIGKILL');
  return asked;
}
