import { randomUUID } from 'node:crypto';
import type { CreatorPeriod } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { createPrisma, newId } from '@maydan/prisma';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { AnalyticsData } from './analyticsData.repo.ts';
import { Rollup } from './Rollup.ts';
import { RollupRepo } from './rollup.repo.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** For a transaction on a busy machine. */
const patient = { timeout: 90_000 };
const zeros = {
  ...{ sessions: 0, liveMs: 0, watchMs: 0, uniqueViewers: 0, peakViewers: 0, messages: 0 },
  ...{ gifts: 0, coins: 0, earned: 0, followers: 0 },
};
let backend: TestBackend;
let api: TestApi;
let repo: RollupRepo;
let host: Account;
let fan: Account;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ ANALYTICS_RATE_PER_USER: '1000' });
  repo = new RollupRepo(backend.database);
  [host, fan, admin] = await Promise.all([api.register(), api.register(), api.register()]);
  await backend.giveRole(admin, 'admin');
});
afterAll(() => backend?.close());

/** A session that was on air. */
async function held(who: Account, startedAt: string, endedAt: string | null): Promise<string> {
  const state = endedAt === null ? 'live' : 'ended';
  const { id } = await backend.database.session.create({
    data: {
      ...{ hostId: who.user.id, title: '=1+1 "جلسة"', playbackId: randomUUID().replaceAll('-', ''), state },
      ...{ startedAt: new Date(startedAt), endedAt: endedAt === null ? null : new Date(endedAt) },
    },
  });
  return id;
}
/** Counts days of UTC, both included. */
const count = (from: string, to: string, by = repo): Promise<void> => {
  const end = new Date(Date.parse(to) + dayMs);
  return by.count(new Date(from), end, end);
};
const slots = (who: Account) =>
  backend.database.creatorSlot.findMany({ where: { hostId: who.user.id }, orderBy: { at: 'asc' } });
const sums = (periods: readonly CreatorPeriod[], name: keyof typeof zeros) =>
  Object.fromEntries(periods.filter((one) => one[name] !== 0).map((one) => [one.period, one[name]]));

describe('a creator’s statistics', () => {
  it('are by days of any time zone, also of 23 and 25 hours, and with a half or quarter of an hour', async () => {
    const who = await api.register();
    await held(who, '2025-03-29T00:00:00Z', '2025-04-01T00:00:00Z');
    await held(who, '2025-10-25T00:00:00Z', '2025-10-28T00:00:00Z');
    await count('2025-03-29', '2025-04-01');
    await count('2025-10-25', '2025-10-28');
    const hours = async (timeZone: string, day: string): Promise<number | undefined> => {
      const { periods } = await who.client.analytics.mine({ from: day, to: day, timeZone });
      return (periods[0]?.liveMs ?? NaN) / 3_600_000;
    };
    expect(await hours('UTC', '2025-03-30')).toBe(24);
    expect(await hours('Europe/Berlin', '2025-03-30')).toBe(23);
    expect(await hours('Europe/Berlin', '2025-10-26')).toBe(25);
    // Where midnight isn't there, or comes twice.
    expect(await hours('Asia/Beirut', '2025-03-30')).toBe(23);
    expect(await hours('Asia/Beirut', '2025-10-26')).toBe(24);
    expect(await hours('Asia/Kathmandu', '2025-03-29')).toBe(18.25);
    expect(await hours('Asia/Kathmandu', '2025-04-01')).toBe(5.75);
    expect(await hours('Asia/Kolkata', '2025-03-29')).toBe(18.5);
    expect(await hours('Australia/Lord_Howe', '2025-03-29')).toBe(13);
  });

  it('are by weeks, months and years, with zeros where nothing was', async () => {
    const who = await api.register();
    for (const day of ['2025-12-31', '2026-02-06', '2026-02-07', '2026-02-08', '2026-02-09']) {
      await held(who, `${day}T10:00:00Z`, `${day}T10:10:00Z`);
      await count(day, day);
    }
    const ask = async (by: 'day' | 'week' | 'month' | 'year', more = {}) => {
      const input = { from: '2025-12-31', to: '2026-03-01', by, ...more };
      return who.client.analytics.mine(input);
    };
    const days = await ask('day');
    expect([days.periods.length, days.periods[1]]).toEqual([61, { period: '2026-01-01', ...zeros }]);
    expect(days.total).toEqual({ ...zeros, sessions: 5, liveMs: 50 * minuteMs });
    expect(sums((await ask('week')).periods, 'sessions')).toEqual({
      '2025-12-29': 1,
      '2026-02-02': 3,
      '2026-02-09': 1,
    });
    expect(sums((await ask('week', { weekStart: 'saturday' })).periods, 'sessions')).toEqual({
      '2025-12-27': 1,
      '2026-01-31': 1,
      '2026-02-07': 3,
    });
    expect(sums((await ask('week', { weekStart: 'sunday' })).periods, 'sessions')).toEqual({
      '2025-12-28': 1,
      '2026-02-01': 2,
      '2026-02-08': 2,
    });
    const months = (await ask('month')).periods;
    expect(months.map(({ period }) => period)).toEqual([
      '2025-12-01',
      '2026-01-01',
      '2026-02-01',
      '2026-03-01',
    ]);
    expect(months.map(({ sessions }) => sessions)).toEqual([1, 0, 4, 0]);
    expect((await ask('year')).periods.map(({ sessions }) => sessions)).toEqual([1, 4]);
  });

  it('count viewers, messages, gifts, coins and followers; each person once over several sessions', async () => {
    const who = await api.register();
    const [one, two] = [
      await held(who, '2026-05-05T08:00:00Z', '2026-05-05T09:00:00Z'),
      await held(who, '2026-05-05T20:00:00Z', '2026-05-05T21:00:00Z'),
    ];
    const { database, redis } = backend;
    for (const [sessionId, people] of [
      [one, ['ann', 'bob', 'cat']],
      [two, ['cat', 'dan']],
    ] as const) {
      await redis.pfadd(`test:${sessionId}`, ...people);
      const sketch = new Uint8Array((await redis.getBuffer(`test:${sessionId}`)) ?? []);
      await database.sessionAudience.create({ data: { sessionId, peak: 2, unique: people.length, sketch } });
    }
    const sample = (sessionId: string, at: string, viewers: number, watchMs: bigint) =>
      database.viewerSample.create({
        data: { sessionId, at: new Date(`2026-05-05T${at}Z`), viewers, watchMs },
      });
    await sample(one, '08:01:00', 2, 50_000n);
    await sample(one, '08:14:30', 3, 200_000n);
    await sample(one, '08:20:00', 1, 260_000n);
    await sample(two, '20:00:30', 1, 30_000n);
    const at = new Date('2026-05-05T08:05:00Z');
    const id = (): string => newId(at.getTime());
    await database.chatMessage.createMany({
      data: [1, 2, 3].map((seq) => ({
        ...{ id: id(), sessionId: one, seq, senderId: fan.user.id, tempId: `t${seq}` },
        ...{ role: 'viewer' as const, text: 'hi', createdAt: at },
      })),
    });
    const giftId = newId();
    const gift = { id: giftId, nameEn: 'Rose', nameAr: 'وردة', iconUrl: '/rose.webp', price: 5 };
    await database.gift.create({ data: gift });
    const sent = { sessionId: one, senderId: fan.user.id, recipientId: who.user.id, giftId, quantity: 2 };
    const worth = { coins: 10n, commission: 3n, at, message: '=cmd|x' };
    const returnedAt = new Date('2026-05-06T00:00:00Z');
    await database.sentGift.create({ data: { ...sent, ...worth, id: id() } });
    await database.sentGift.create({ data: { ...sent, ...worth, id: id(), returnedAt } });
    await database.follow.create({
      data: { followerId: fan.user.id, followeeId: who.user.id, createdAt: at },
    });
    await count('2026-05-05', '2026-05-06');
    const stats = await who.client.analytics.mine({ from: '2026-05-05', to: '2026-05-06' });
    const [first, second] = stats.periods;
    expect(first).toEqual({
      ...{ period: '2026-05-05', sessions: 2, liveMs: 120 * minuteMs, watchMs: 290_000, uniqueViewers: 4 },
      ...{ peakViewers: 3, messages: 3, gifts: 4, coins: 20, earned: 14, followers: 1 },
    });
    expect(second).toEqual({ ...zeros, period: '2026-05-06', gifts: -2, coins: -10, earned: -7 });
    expect(stats.total).toMatchObject({ sessions: 2, uniqueViewers: 4, peakViewers: 3, coins: 10, gifts: 2 });
    expect(await backend.redis.keys('maydan:analytics:*')).toEqual([]);

    const watched = await who.client.analytics.session({ id: one, points: 10 });
    expect(watched).toMatchObject({
      liveMs: 60 * minuteMs,
      uniqueViewers: 3,
      gifts: 2,
      coins: 10,
      followers: 1,
    });
    expect({ ...(await who.client.analytics.summary({ id: one })), timeline: watched.timeline }).toEqual(
      watched,
    );
    expect(watched.timeline).toEqual({ stepMs: 6 * minuteMs, viewers: [2, 0, 3, 1, 0, 0, 0, 0, 0, 0] });
    const file = await api.ask(
      'GET',
      '/api/v1/me/analytics/export?kind=gifts&from=2026-05-05&to=2026-05-05',
      {
        token: who.accessToken,
      },
    );
    expect(String(file.body).split('\r\n')[1]).toMatch(
      new RegExp(
        `^[0-9a-f-]{36},2026-05-05T08:05:00.000Z,${one},${fan.user.username},Rose,2,10,7,'=cmd\\|x,`,
      ),
    );
  });

  it('refuse what can’t be counted', async () => {
    const good = { from: '2026-01-01', to: '2026-01-31' };
    const wrongs: Record<string, string>[] = [
      ...[{ from: 'x' }, { from: '2026-02-30' }, { to: '2025-12-31' }, { from: '1900-01-01' }],
      ...[{ from: '2020-01-01' }, { by: 'hour' }, { weekStart: 'friday' }],
      ...[{ timeZone: 'Mars/Olympus' }, { timeZone: '+03:00' }, { timeZone: "'; DROP TABLE x" }],
    ];
    for (const wrong of wrongs) {
      const query = new URLSearchParams({ ...good, ...wrong }).toString();
      expect([wrong, await api.refusal(host, 'GET', `/me/analytics?${query}`)]).toEqual([
        wrong,
        '422 validation_failed',
      ]);
    }
    for (const name of ['', '/export']) {
      const query = `from=2026-01-01&to=2026-01-02&kind=periods`;
      expect(await api.refusal(host, 'GET', `/admin/analytics${name}?${query}`)).toBe('403 forbidden');
      expect(await api.refusal(null, 'GET', `/me/analytics${name}?${query}`)).toBe('401 unauthenticated');
    }
    const id = await held(host, '2026-01-05T10:00:00Z', '2026-01-05T10:10:00Z');
    expect(await api.refusal(fan, 'GET', `/sessions/${id}/analytics`)).toBe('403 forbidden');
    expect(await api.refusal(host, 'GET', `/sessions/${randomUUID()}/analytics`)).toBe('404 not_found');
    expect(await api.refusal(host, 'GET', `/sessions/${id}/analytics?points=5`)).toBe(
      '422 validation_failed',
    );
  });
});

describe('counting', () => {
  it('gives the same however often, by however many at once, and takes in what comes late', async () => {
    const who = await api.register();
    await held(who, '2026-07-01T10:00:00Z', '2026-07-01T10:20:00Z');
    const other = createPrisma(backend.databaseUrl, { maxConnections: 2 });
    try {
      const repos = [repo, new RollupRepo(other)];
      await Promise.all(
        Array.from({ length: 6 }, (_, at) => count('2026-07-01', '2026-07-01', repos[at % 2])),
      );
    } finally {
      await other.$disconnect();
    }
    const before = await slots(who);
    expect(before.map(({ liveMs }) => Number(liveMs) / minuteMs)).toEqual([15, 5]);
    const late = await held(who, '2026-07-01T23:50:00Z', '2026-07-02T00:05:00Z');
    await count('2026-07-01', '2026-07-01');
    expect((await slots(who)).length).toBe(3);
    await backend.database.session.delete({ where: { id: late } });
    await count('2026-07-01', '2026-07-02');
    expect(await slots(who)).toEqual(before);
  });

  it('that is cut off in the middle leaves nothing half done', async () => {
    const who = await api.register();
    await held(who, '2026-07-05T10:00:00Z', '2026-07-05T10:10:00Z');
    const { database } = backend;
    // What waits for the row is in the middle of its transaction.
    const cut = await database.$transaction(async (transaction) => {
      await transaction.$queryRaw`SELECT 1 AS "one" FROM "AnalyticsProgress" FOR UPDATE`;
      const counting = count('2026-07-05', '2026-07-05').then(
        () => 'counted',
        () => 'cut off',
      );
      await waitUntil(
        'the connection to be cut',
        async () => {
          const rows = await database.$queryRaw<object[]>`
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND query LIKE '%AnalyticsProgress%' AND pid <> pg_backend_pid()`;
          return rows.length > 0;
        },
        60_000,
      );
      return counting;
    }, patient);
    expect([cut, await slots(who)]).toEqual(['cut off', []]);
    await count('2026-07-05', '2026-07-05');
    expect((await slots(who)).length).toBe(1);
  });

  it('is done by one process in a period, from where it ended, with two hours more', async () => {
    const { logger } = backend;
    const rollup = new Rollup({ repo, periodMs: 300_000, logger });
    const id = await held(host, new Date(Date.now() - minuteMs).toISOString(), null);
    await rollup.count();
    const now = new Date();
    const turns = await Promise.all(
      [1, 2, 3, 4].map(() => repo.takeTurn(new Date(now.getTime() + dayMs), now)),
    );
    expect(turns.filter((turn) => turn !== null).length).toBe(1);
    const { upTo } = await repo.progress();
    expect(upTo?.getTime()).toBeGreaterThan(Date.now() - minuteMs);
    const mine = await slots(host);
    expect(mine.reduce((sum, { sessions }) => sum + sessions, 0)).toBeGreaterThanOrEqual(1);
    await backend.database.session.delete({ where: { id } });
    await rollup.count();
    await rollup.deleteOld(new Date(Date.now() + 2_000 * dayMs));
    expect(await backend.database.creatorSlot.count()).toBe(0);
    expect(await backend.database.activeDay.count()).toBe(0);
  });
});

describe('the platform', () => {
  it('is counted by days of UTC: people, sessions, coins; and shown to admins alone', async () => {
    await new Rollup({ repo, periodMs: 1, logger: backend.logger }).count();
    const today = new Date().toISOString().slice(0, 10);
    const yesterday = new Date(Date.now() - dayMs).toISOString().slice(0, 10);
    const stats = await admin.client.analytics.platform({ from: yesterday, to: today, by: 'day' });
    expect(stats.total.newUsers).toBe(await backend.database.user.count());
    expect(stats.total.activeUsers).toBe(stats.total.newUsers);
    expect(stats.periods.map(({ period }) => period)).toEqual([yesterday, today]);
    expect(stats.now).toEqual({ sessions: 0, viewers: 0 });
    const data = new AnalyticsData(backend.database);
    const days = async (): Promise<object[]> => {
      const rows: object[] = [];
      for await (const { row } of data.export(fan.user.id)) rows.push(row);
      return rows;
    };
    expect((await days()).at(-1)).toEqual({ day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
    await data.erase(fan.user.id);
    expect(await days()).toEqual([]);
  });

  it('is given as CSV, by rows that nobody holds in memory', async () => {
    const startedAt = new Date('2026-08-08T10:00:00Z');
    await backend.database.session.createMany({
      data: Array.from({ length: 1_200 }, (_, at) => ({
        ...{ hostId: host.user.id, title: `=HYPERLINK(${at}), "x"`, state: 'ended' as const, startedAt },
        ...{ playbackId: randomUUID().replaceAll('-', ''), endedAt: startedAt, durationMs: 0 },
      })),
    });
    const path = '/api/v1/admin/analytics/export?kind=sessions&from=2026-08-08&to=2026-08-08';
    const response = await fetch(api.url + path, {
      headers: { authorization: `Bearer ${admin.accessToken}` },
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="maydan-sessions-2026-08-08-2026-08-08.csv"',
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
    const lines = bytes.toString().split('\r\n');
    expect(lines.length).toBe(1_202);
    expect(lines[1]).toContain(`,"'=HYPERLINK(`);
    expect(new Set(lines.slice(1, -1).map((line) => line.slice(0, 36))).size).toBe(1_200);
    for (const kind of ['periods', 'deposits', 'withdrawals'] as const) {
      const file = await admin.client.analytics.exportPlatform({
        kind,
        from: '2026-08-08',
        to: '2026-08-08',
      });
      expect(await (file as Blob).text()).toMatch(/^\u{feff}?[a-z]+,[\w,]+\r\n/iu);
    }
    const stop = new AbortController();
    const cut = await fetch(api.url + path, {
      headers: { authorization: `Bearer ${admin.accessToken}` },
      signal: stop.signal,
    });
    stop.abort();
    await expect(cut.text()).rejects.toThrow();
    expect((await api.ask('GET', '/health')).status).toBe(200);
    const wrong = await api.ask('GET', path.replace('sessions', 'passwords'), { token: admin.accessToken });
    expect(refusalOf(wrong)).toBe('422 validation_failed');
  });
});

it('a session’s timeline shows who watches', async () => {
  const { id } = await host.client.sessions.create({ title: 'room' });
  const startedAt = new Date(Date.now() - minuteMs);
  await backend.database.session.update({ where: { id }, data: { state: 'live', startedAt } });
  const { viewingToken } = await fan.client.viewing.start({ id });
  await fan.client.viewing.heartbeat({ token: viewingToken });
  const viewers = async () => (await host.client.sessions.get({ id })).viewers.concurrent;
  await waitUntil('the viewer', async () => (await viewers()) === 1, 60_000);
  await fan.client.viewing.end({ token: viewingToken });
  const timeline = async () => (await host.client.analytics.session({ id })).timeline;
  await waitUntil('the sample', async () => (await timeline()).viewers.includes(1), 60_000);
  expect((await timeline()).stepMs).toBe(30_000);
});
