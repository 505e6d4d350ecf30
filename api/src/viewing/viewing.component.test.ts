import { randomUUID } from 'node:crypto';
import type { RoomEvent, Viewership } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { createPrisma } from '@maydan/prisma';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { ViewingStore } from './ViewingStore.ts';
import { ViewingTokens } from './ViewingTokens.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let host: Account;
let ann: Account;
/** A session of the host, new for each test. */
let id: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  const rates = { ANALYTICS_RATE_PER_USER: '1000' };
  [api, second] = await Promise.all([backend.startApi(rates), backend.startApi(rates)]);
  [host, ann] = [await api.register(), await api.register()];
});
beforeEach(async () => {
  id = (await host.client.sessions.create({ title: 'room' })).id;
});
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close());

const viewers = async (where = api): Promise<Viewership> => (await where.client.sessions.get({ id })).viewers;
/** `alive` goes on watching meanwhile, however long it takes. */
const until = (what: string, isSo: (now: Viewership) => boolean, alive?: () => Promise<unknown>) =>
  waitUntil(
    what,
    async () => {
      await alive?.();
      return isSo(await viewers()) && isSo(await viewers(second));
    },
    60_000,
  );
/** Those who watch now, as Redis has them. */
const watching = () => backend.redis.zrange(`maydan:viewing:${id}:now`, '0', '-1');
const heartbeat = (token: string, headers: Record<string, string> = {}) =>
  api.ask('POST', '/api/v1/viewing/heartbeat', { body: { token }, headers });
const eventsOf = (socket: TestSocket): RoomEvent[] =>
  socket.of('session:events').flatMap(({ events }) => events);

it('counts each person and device once, over reloads, devices and nodes; who leaves is gone at once', async () => {
  const room = await TestSocket.connect(second.url);
  await room.ask('chat:join', { sessionId: id });
  const anns = await Promise.all([
    ann.client.viewing.start({ id }),
    second.clientOf(ann.accessToken).viewing.start({ id }),
  ]);
  // Devices of people are others; what counts is the person.
  expect(new Set(anns.map(({ deviceToken }) => deviceToken)).size).toBe(2);
  const guest = await api.client.viewing.start({ id });
  const { deviceToken } = guest;
  const reloaded = await second.client.viewing.start({ id, deviceToken });
  expect(reloaded.deviceToken).toBe(deviceToken);
  const another = await api.client.viewing.start({ id, deviceToken: 'made.up' });
  const watching =
    (...tokens: string[]) =>
    () =>
      Promise.all(tokens.map((token) => heartbeat(token)));
  const [annsToken, stranger] = [anns[0]?.viewingToken ?? '', another.viewingToken];
  await until(
    'three viewers',
    ({ concurrent, unique }) => concurrent === 3 && unique === 3,
    watching(annsToken, stranger, guest.viewingToken),
  );
  await until(
    'two viewers',
    ({ concurrent }) => concurrent === 2,
    async () => {
      await watching(annsToken, stranger)();
      // Also again, and where a heartbeat is still on its way.
      await api.client.viewing.end({ token: guest.viewingToken });
      await second.client.viewing.end({ token: guest.viewingToken });
    },
  );
  expect(await viewers()).toMatchObject({ peak: 3, unique: 3 });
  await waitUntil(
    'the event',
    () =>
      eventsOf(room).some((event) => event.type === 'viewers' && event.concurrent === 2 && event.peak === 3),
    60_000,
  );
});

it('counts nobody without a token of ours, whichever way they come', async () => {
  const { viewingToken } = await api.client.viewing.start({ id });
  const forged = [
    ...['', 'x', `${viewingToken}x`, viewingToken.replace(id, randomUUID())],
    new ViewingTokens('another secret').mint({ sessionId: id, viewer: 'v' }),
  ];
  for (const token of forged) {
    expect((await heartbeat(token)).status).toBe(401);
    expect((await heartbeat(token, { origin: 'http://elsewhere.example' })).status).toBe(401);
  }
  const old = new ViewingTokens(TestBackend.accessTokenSecret).mint(
    { sessionId: id, viewer: 'v' },
    Date.now() - 90_000_000,
  );
  expect((await heartbeat(old)).body).toMatchObject({ error: { code: 'token_expired' } });
  for (const body of ['{', '[]', '{}']) {
    const { status } = await api.ask('POST', '/api/v1/viewing/heartbeat', { body });
    expect([400, 422]).toContain(status);
  }
  const ways: Record<string, string>[] = [{}, { origin: 'http://elsewhere.example' }, { origin: api.url }];
  for (const headers of ways)
    expect(await heartbeat(viewingToken, headers)).toMatchObject({ status: 200, body: {} });
  const socket = await TestSocket.connect(second.url);
  expect(await socket.ask('viewing:heartbeat', { token: viewingToken })).toEqual({});
  expect(await socket.codeOf('viewing:heartbeat', { token: 'x' })).toBe('token_invalid');
  await until('one viewer', ({ concurrent }) => concurrent === 1);
  expect((await viewers()).unique).toBe(1);
});

it('is refused where one may not watch', async () => {
  const other = await api.register();
  await host.client.bans.create({ id, userId: other.user.id });
  expect(await api.refusal(other, 'POST', `/sessions/${id}/viewing`, {})).toBe('403 chat_banned');
  expect(await api.refusal(null, 'POST', `/sessions/${randomUUID()}/viewing`, {})).toBe('404 not_found');
  await host.client.sessions.end({ id });
  expect(await api.refusal(null, 'POST', `/sessions/${id}/viewing`, {})).toBe('409 wrong_state');
});

it('counts nobody who is banned, though they go on saying that they watch, until they are let in again', async () => {
  const { viewingToken } = await ann.client.viewing.start({ id });
  const guest = await api.client.viewing.start({ id });
  const both = () => Promise.all([viewingToken, guest.viewingToken].map((token) => heartbeat(token)));
  await until('two viewers', ({ concurrent }) => concurrent === 2, both);
  const userId = ann.user.id;
  await host.client.bans.create({ id, userId });
  expect(await watching()).toHaveLength(1);
  await until('one viewer', ({ concurrent }) => concurrent === 1, both);
  const another = await second.client.viewing.start({ id });
  const all = () => Promise.all([both(), heartbeat(another.viewingToken)]);
  await until('another one, and not her', ({ concurrent, unique }) => concurrent === 2 && unique === 3, all);
  expect(await api.refusal(ann, 'POST', `/sessions/${id}/viewing`, {})).toBe('403 chat_banned');
  await host.client.bans.remove({ id, userId });
  await ann.client.viewing.start({ id });
  await until('three viewers', ({ concurrent, unique }) => concurrent === 3 && unique === 3, all);
});

it('counts nobody in any session whose account is banned, at once, until it is let in again', async () => {
  const [moderator, bob] = [await api.register(), await api.register()];
  await backend.giveRole(moderator, 'moderator');
  const other = (await host.client.sessions.create({ title: 'another' })).id;
  const tokens: string[] = [];
  for (const where of [id, other]) tokens.push((await bob.client.viewing.start({ id: where })).viewingToken);
  const guest = await api.client.viewing.start({ id });
  const all = () => Promise.all([...tokens, guest.viewingToken].map((token) => heartbeat(token)));
  await until('two viewers', ({ concurrent }) => concurrent === 2, all);
  const banned = { id: bob.user.id, reason: 'spam' };
  const countIn = async (where: string) => {
    await all();
    return backend.redis.zcard(`maydan:viewing:${where}:now`);
  };
  await waitUntil('both sessions', async () => (await countIn(other)) === 1, 60_000);
  await moderator.client.platformModeration.ban(banned);
  expect(
    await Promise.all([id, other].map((where) => backend.redis.zcard(`maydan:viewing:${where}:now`))),
  ).toEqual([...[1, 0]]);
  await until('the guest alone', ({ concurrent }) => concurrent === 1, all);
  expect(await countIn(other)).toBe(0);
  await moderator.client.platformModeration.unban(banned);
  await until('both again', ({ concurrent }) => concurrent === 2, all);
});

it('what a session came to is told at its end, and to its host and moderators at any time', async () => {
  const data = { state: 'live' as const, startedAt: new Date(Date.now() - 60_000), readyAt: new Date() };
  await backend.database.session.update({ where: { id }, data });
  const { viewingToken } = await ann.client.viewing.start({ id });
  await ann.client.chat.send({ id, tempId: 'one', text: 'hello' });
  await ann.client.people.follow({ id: host.user.id });
  const goOn = () => ann.client.viewing.heartbeat({ token: viewingToken });
  await until('one viewer', ({ concurrent }) => concurrent === 1, goOn);
  expect(await host.client.analytics.summary({ id })).toMatchObject({ peakViewers: 1, endedAt: null });
  // It ends while she watches: what she has watched by then is told once it is known.
  const { stats, state } = await host.client.sessions.end({ id });
  expect([state, stats.peakViewers, stats.uniqueViewers, stats.messages]).toEqual(['ending', 1, 1, 1]);
  expect(stats.liveMs).toBeGreaterThanOrEqual(60_000);
  await goOn();
  await backend.redis.zincrby(`maydan:viewing:${id}:now`, -5_000, (await watching())[0] ?? '');
  await goOn();
  await ann.client.viewing.end({ token: viewingToken });
  const settled = () => host.client.analytics.summary({ id });
  await waitUntil('the last seconds', async () => (await settled()).watchMs >= 5_000, 60_000);
  expect(await settled()).toMatchObject({
    ...{ peakViewers: 1, uniqueViewers: 1, messages: 1, gifts: 0, coins: 0, followers: 1 },
  });
  expect(await api.refusal(ann, 'GET', `/sessions/${id}/stats`)).toBe('403 forbidden');
  expect(await api.refusal(null, 'GET', `/sessions/${id}/stats`)).toBe('401 unauthenticated');
  expect(await api.refusal(host, 'GET', `/sessions/${randomUUID()}/stats`)).toBe('404 not_found');
  await backend.giveRole(ann, 'moderator');
  expect(await ann.client.analytics.summary({ id })).toMatchObject({ peakViewers: 1 });
  await backend.giveRole(ann, 'user');
});

it('time goes on with heartbeats; who vanishes is dropped', async () => {
  const store = new ViewingStore(backend.redis);
  const startedAt = performance.now();
  await store.beat(id, ['one', 'two']);
  const key = `maydan:viewing:${id}:now`;
  // Ten seconds ago, as far as Redis knows.
  await backend.redis.zincrby(key, -10_000, 'one');
  await store.beat(id, ['one']);
  const elapsedSec = (): number => (performance.now() - startedAt) / 1_000;
  await until('time that was watched', ({ watchTimeSec }) => watchTimeSec >= 10);
  expect((await viewers()).watchTimeSec).toBeLessThanOrEqual(11 + 2 * elapsedSec());
  await backend.redis.zincrby(key, -20_000, 'two');
  await until(
    'one viewer',
    ({ concurrent }) => concurrent === 1,
    () => store.beat(id, ['one']),
  );
  expect(await viewers()).toMatchObject({ peak: 2, unique: 2 });
});

it('a Redis that lost everything is given back what was stored', async () => {
  const store = new ViewingStore(backend.redis);
  const everybody = Array.from({ length: 300 }, (_, nth) => `viewer ${nth}`);
  await store.beat(id, everybody);
  await until(
    'all',
    ({ concurrent }) => concurrent === 300,
    () => store.beat(id, everybody),
  );
  const before = await viewers();
  const database = createPrisma(backend.databaseUrl, { maxConnections: 1 });
  try {
    const stored = () => database.sessionAudience.findUniqueOrThrow({ where: { sessionId: id } });
    await waitUntil('the sketch', async () => (await stored()).sketch !== null, 60_000);
  } finally {
    await database.$disconnect();
  }
  const lost = [`maydan:viewing:${id}`, `maydan:viewing:${id}:now`, `maydan:viewing:${id}:ever`];
  await backend.redis.del(...lost);
  const back = [...everybody.slice(0, 10), 'somebody new'];
  await until(
    'the new ones',
    ({ concurrent, unique }) => concurrent === 11 && unique > before.unique,
    () => store.beat(id, back),
  );
  expect(await viewers()).toMatchObject({ peak: 300, unique: before.unique + 1 });
});

describe('statistics of a creator', () => {
  const dayOf = (ms: number): string => new Date(Date.now() + ms).toISOString().slice(0, 10);
  const dayMs = 86_400_000;

  it('have viewers in the days in which they watched, of a session that goes on for days', async () => {
    const startedAt = new Date(Date.now() - 2 * dayMs);
    const creator = await api.register();
    id = (await creator.client.sessions.create({ title: 'long' })).id;
    await backend.database.session.update({ where: { id }, data: { state: 'live', startedAt } });
    const range = { from: dayOf(-2 * dayMs), to: dayOf(dayMs) };
    const { viewingToken: token } = await ann.client.viewing.start({ id });
    await until(
      'one viewer',
      ({ concurrent }) => concurrent === 1,
      () => heartbeat(token),
    );
    await api.client.viewing.end({ token });
    const days = async () =>
      (await creator.client.analytics.mine(range)).periods.map(({ uniqueViewers }) => uniqueViewers);
    // What Redis has is stored when nobody watches any more.
    await waitUntil('the day', async () => (await days()).slice(2).includes(1), 60_000);
    expect((await days()).filter((viewers) => viewers > 0)).toEqual([1]);
  });

  it('have them by the midnight of any time zone, each person once', async () => {
    const [who, { redis, database }] = [await api.register(), backend];
    const add = async (startedAt: string, endedAt: string, slots: Record<string, string[]>) => {
      const times = { startedAt: new Date(startedAt), endedAt: new Date(endedAt) };
      const state = { hostId: who.user.id, title: 'x', playbackId: randomUUID(), state: 'ended' as const };
      const { id: sessionId } = await database.session.create({ data: { ...state, ...times } });
      const sketchOf = async (people: string[]) => {
        await redis.pfadd(`test:${people.join()}`, ...people);
        return new Uint8Array((await redis.getBuffer(`test:${people.join()}`)) ?? []);
      };
      const sketch = await sketchOf(Object.values(slots).flat());
      await database.sessionAudience.create({ data: { sessionId, sketch } });
      for (const [at, people] of Object.entries(slots)) {
        if (at === 'gone') continue;
        const row = { sessionId, at: new Date(at), sketch: await sketchOf(people) };
        await database.viewerSketch.create({ data: row });
      }
    };
    // Midnight in Riyadh.
    await add('2026-03-04T20:50:00Z', '2026-03-04T21:10:00Z', {
      '2026-03-04T20:45:00Z': ['ann', 'bob'],
      '2026-03-04T21:00:00Z': ['bob', 'cat', 'dan'],
    });
    await add('2026-03-04T20:50:00Z', '2026-03-04T21:10:00Z', { gone: ['old', 'older', 'oldest'] });
    const uniques = async (from: string, to: string, timeZone: string) => {
      const { periods, total } = await who.client.analytics.mine({ from, to, timeZone });
      return [...periods.map(({ uniqueViewers }) => uniqueViewers), total.uniqueViewers];
    };
    expect(await uniques('2026-03-04', '2026-03-05', 'UTC')).toEqual([7, 0, 7]);
    expect(await uniques('2026-03-04', '2026-03-05', 'Asia/Riyadh')).toEqual([5, 3, 7]);
    expect(await uniques('2026-03-05', '2026-03-05', 'Asia/Riyadh')).toEqual([3, 3]);
    expect(await uniques('2026-03-04', '2026-03-04', 'Asia/Kathmandu')).toEqual([0, 0]);
  });
});

it('reactions are counted, told together and limited', async () => {
  const room = await TestSocket.connect(second.url);
  await room.ask('chat:join', { sessionId: id });
  const socket = await TestSocket.connect(api.url, { token: ann.accessToken });
  const tap = { sessionId: id, kind: 'heart', count: 10 };
  expect(await room.codeOf('reaction:send', tap)).toBe('unauthenticated');
  await socket.ask('chat:join', { sessionId: id });
  expect(await socket.codeOf('reaction:send', { ...tap, kind: 'none' })).toBe('validation_failed');
  expect(await socket.codeOf('reaction:send', { ...tap, count: 11 })).toBe('validation_failed');
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: 30 }, () => socket.codeOf('reaction:send', tap)));
  const elapsedSec = (performance.now() - startedAt) / 1_000;
  const taken = answers.filter((code) => code === undefined).length;
  expect(answers.filter((code) => code === 'rate_limited')).toHaveLength(30 - taken);
  // Fifty at once, and ten more for each second that it took.
  expect(taken).toBeGreaterThanOrEqual(5);
  expect(taken).toBeLessThanOrEqual(5 + elapsedSec);
  const hearts = () =>
    eventsOf(room).reduce(
      (sum, event) => sum + (event.type === 'reactions' ? (event.counts.heart ?? 0) : 0),
      0,
    );
  await waitUntil('all hearts', () => hearts() === taken * 10, 60_000);
  await until('the sum', ({ reactions }) => reactions === taken * 10);
});

it('reactions over REST reach the room and count with those over sockets; those who may not be there are refused', async () => {
  const [room, bob, banned] = [
    await TestSocket.connect(second.url),
    await api.register(),
    await api.register(),
  ];
  await room.ask('chat:join', { sessionId: id });
  const path = `/sessions/${id}/reactions`;
  const react = (who: Account | null, body: object) => api.refusal(who, 'POST', path, body);
  await bob.client.viewing.react({ id, kind: 'fire' });
  const reacted = () => eventsOf(room).some((event) => event.type === 'reactions' && event.counts.fire === 1);
  await waitUntil('the reaction', reacted, 60_000);
  await until('the sum', ({ reactions }) => reactions === 1);
  expect(await react(null, { kind: 'fire' })).toBe('401 unauthenticated');
  for (const wrong of [{}, { kind: 'none' }, { kind: 'fire', count: 0 }, { kind: 'fire', count: 11 }])
    expect(await react(bob, wrong)).toBe('422 validation_failed');
  const missing = `/sessions/${randomUUID()}/reactions`;
  expect(await api.refusal(bob, 'POST', missing, { kind: 'fire' })).toBe('404 not_found');
  const hidden = await host.client.sessions.create({ title: 'ours', visibility: 'private' });
  const among = `/sessions/${hidden.id}/reactions`;
  expect(await api.refusal(bob, 'POST', among, { kind: 'fire' })).toBe('403 session_private');

  // Fifty at once, and ten more for each second that it takes; the bucket is one with that of sockets.
  const socket = await TestSocket.connect(second.url, { token: bob.accessToken });
  const tap = { kind: 'wow', count: 10 } as const;
  const startedAt = performance.now();
  const asked = Array.from({ length: 8 }, () => [
    api.ask('POST', `/api/v1${path}`, { token: bob.accessToken, body: tap }).then(({ status }) => status),
    socket.codeOf('reaction:send', { sessionId: id, ...tap }),
  ]);
  const answers = await Promise.all(asked.flat());
  const elapsedSec = (performance.now() - startedAt) / 1_000;
  const refused = answers.filter((answer) => answer === 429 || answer === 'rate_limited').length;
  expect(refused).toBeGreaterThanOrEqual(answers.length - 5 - elapsedSec);

  await host.client.bans.create({ id, userId: banned.user.id });
  expect(await react(banned, { kind: 'fire' })).toBe('403 chat_banned');
  const [anns, hosts] = [await TestSocket.connect(api.url, { token: ann.accessToken }), host.client.sessions];
  await anns.ask('chat:join', { sessionId: id });
  await hosts.end({ id });
  expect(await react(host, { kind: 'fire' })).toBe('409 wrong_state');
  expect(await anns.codeOf('reaction:send', { sessionId: id, kind: 'like' })).toBe('wrong_state');
});
