import { setTimeout as delay } from 'node:timers/promises';
import { createApiClient, type ApiClient, type Viewership } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import type { ApiProcess } from '../testing/ApiProcess.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

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
});
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

const viewers = async (): Promise<Viewership> => (await api.client.sessions.get({ id })).viewers;
const clientOf = ({ url }: { url: string }): ApiClient => createApiClient({ baseUrl: url });
const people = 6;

/** Within five seconds of a machine that may stand still in between: at one of fifty looks, a tenth of a second apart. */
async function withinFiveSeconds(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 50; look++) {
    if (await isSo()) return;
    await delay(100);
  }
  throw new Error(`${what} was told too late`);
}

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
    await withinFiveSeconds(`${count} there`, () => isTold(count));
  }
  for (const [left, token] of [...tokens.entries()].reverse()) {
    await second.client.viewing.end({ token });
    await withinFiveSeconds(`${left} left`, () => isTold(left));
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
  const begunAt = performance.now();
  /** What they have watched by now at least, and at most. */
  const leastSec = (): number => (people * (performance.now() - begunAt)) / 1_000;
  const mostSec = (): number => (people * (performance.now() - startedAt)) / 1_000;
  /** Those refused or not answered are said again to the one that lives. */
  const beat = async (where: { url: string }): Promise<number> => {
    const client = clientOf(where);
    const said = await Promise.allSettled(tokens.map((token) => client.viewing.heartbeat({ token })));
    const lost = tokens.filter((_, nth) => said[nth]?.status === 'rejected');
    await Promise.all(lost.map((token) => api.client.viewing.heartbeat({ token })));
    return lost.length;
  };
  const untilKnown = (what: string, sec: number) =>
    waitUntil(
      what,
      async () => {
        const { concurrent, watchTimeSec } = await viewers();
        return concurrent === people && watchTimeSec >= sec;
      },
      60_000,
    );

  await delay(5_000);
  const watchedSec = leastSec();
  expect(await killedAmid(doomed, () => beat(doomed))).toBe(people);
  await untilKnown('all that they watched', watchedSec - people);
  expect(await viewers()).toMatchObject({ concurrent: people, peak: people, unique: people, reactions: 7 });

  // Redis loses all, in one moment; their players go on, but say so for the first time when what was known is older than may be lost.
  await backend.redis.flushall();
  await delay(11_000);
  const backSec = leastSec();
  expect(await beat(api)).toBe(0);
  await untilKnown('all but ten seconds of each', backSec - 10 * people);
  const back = await viewers();
  expect(back).toMatchObject({ concurrent: people, peak: people, unique: people, reactions: 7 });
  expect(back.watchTimeSec).toBeLessThanOrEqual(mostSec());

  // They don't come back any more: what they watched since their last words is known all the same.
  const stored = () => backend.database.sessionAudience.findUniqueOrThrow({ where: { sessionId: id } });
  await waitUntil('what is pending', async () => (await stored()).pendingMs >= 2_000 * people, 60_000);
  await backend.redis.flushall();
  await waitUntil('nobody', async () => (await viewers()).concurrent === 0, 60_000);
  expect((await viewers()).watchTimeSec).toBeGreaterThanOrEqual(back.watchTimeSec + 2 * people);
});

/** While what is asked is on its way: Redis doesn't answer what it was told. */
async function killedAmid<T>(doomed: ApiProcess, ask: () => Promise<T>): Promise<T> {
  const redis = backend.redis.duplicate();
  await redis.call('CLIENT', 'PAUSE', '60000', 'WRITE');
  const asked = ask();
  // Longer than heartbeats are gathered.
  await delay(400);
  await doomed.end('SIGKILL');
  await redis.call('CLIENT', 'UNPAUSE');
  redis.disconnect();
  return asked;
}
