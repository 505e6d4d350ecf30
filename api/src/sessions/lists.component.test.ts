import { waitUntil } from '@maydan/infra';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  admin = await api.register();
  await backend.giveRole(admin, 'admin');
  for (const slug of ['talk', 'news'])
    await admin.client.categories.create({ slug, name: { en: slug, ar: slug } });
});
afterAll(() => backend?.close());

describe('lists of sessions', () => {
  const plan = (host: Account, title: string, change: object = {}) =>
    host.client.sessions.create({ title, ...change });
  const goLive = (id: string, ago = 0) => {
    const at = new Date(Date.now() - ago);
    const data = { state: 'live' as const, startedAt: at, readyAt: at };
    return backend.database.session.update({ where: { id }, data });
  };
  const onAir = async (host: Account, title: string, change: object = {}): Promise<string> => {
    const { id } = await plan(host, title, change);
    await goLive(id);
    return id;
  };
  const titles = async (filter: object, who: Pick<Account, 'client'> = api) =>
    (await who.client.sessions.list({ limit: 50, ...filter })).items.map(({ title }) => title).sort();

  it('are searched by words of title, description, tags and the host’s names, however they are written', async () => {
    const host = await api.register('nadia_searched');
    await host.client.account.update({ displayName: 'نَادِيَة الأحمد' });
    await onAir(host, 'مدرسة الموسيقى', { description: 'دُروس العُود للمبتدئين', tags: ['#مبتدئ', 'Go'] });
    await onAir(host, 'Übung macht 100% den_Meister');
    const found = async (search: string, who?: Account) => (await titles({ search }, who)).length;
    const expected = {
      ...{ مدرسه: 1, 'الموسيقي مدرسة': 1, 'دروس عود': 1, 'موسيقى كمان': 0, مـدرسـة: 1, العود: 1 },
      ...{ ubung: 1, 'MEISTER übung': 1, 'uebung meister': 0, '100% den': 1, '100_ den': 0, den_meister: 1 },
      ...{ 'نادية الاحمد': 2, nadia_searched: 2, 'نادية 100%': 1, 'nadia موسيقي': 1, nadya: 0 },
      // Too short for the index: tags.
      ...{ go: 1, '#GO': 1, da: 0 },
    };
    const counts: Record<string, number> = {};
    for (const search of Object.keys(expected)) counts[search] = await found(search);
    expect(counts).toEqual(expected);
    await host.client.account.update({ displayName: 'Layla Renamed' });
    expect([await found('نادية'), await found('layla renamed')]).toEqual([0, 2]);
    const other = await api.register();
    await other.client.blocks.create({ id: host.user.id });
    expect([
      await found('renamed', other),
      await found('renamed', host),
      await found('renamed', admin),
    ]).toEqual([0, 2, 2]);
    await other.client.blocks.remove({ id: host.user.id });
    await host.client.blocks.create({ id: other.user.id });
    expect(await found('renamed', other)).toBe(0);
    await backend.database.user.update({ where: { id: host.user.id }, data: { bannedAt: new Date() } });
    expect(await found('renamed')).toBe(0);
  });

  it('have private ones for whom they let in, and unlisted ones for nobody', async () => {
    const [host, guest, fan, banned] = (await api.people(4)) as [Account, Account, Account, Account];
    const among = await onAir(host, 'among us', { visibility: 'private' });
    const fans = await onAir(host, 'for fans', { visibility: 'private', privateFor: 'followers' });
    await onAir(host, 'by its id', { visibility: 'unlisted' });
    await onAir(host, 'for all');
    await host.client.access.create({ id: among, userId: guest.user.id });
    for (const one of [fan, banned]) await one.client.people.follow({ id: host.user.id });
    await host.client.bans.create({ id: fans, userId: banned.user.id });
    const filter = { host: host.user.username };
    const seen = await Promise.all([api, guest, fan, banned, host].map((who) => titles(filter, who)));
    const all = ['for all'];
    expect(seen).toEqual([
      all,
      ['among us', ...all],
      [...all, 'for fans'],
      all,
      ['among us', ...all, 'for fans'],
    ]);
    expect(await titles({ ...filter, search: 'among' }, fan)).toEqual([]);
    expect(await titles({ ...filter, sort: 'viewers' }, guest)).toEqual(['among us', 'for all']);
    await host.client.access.remove({ id: among, userId: guest.user.id });
    expect(await titles(filter, guest)).toEqual(all);
  });

  it('are of those on air, to come, or recorded; those to come in the order in which they begin', async () => {
    const host = await api.register();
    const filter = { host: host.user.username, limit: 2 };
    const at = (minutes: number) => ({
      scheduledStartAt: new Date(Date.now() + minutes * 60_000).toISOString(),
    });
    for (const [title, change] of [
      ...([
        ['third', at(90)],
        ['first', at(-30)],
        ['second', { ...at(60), tags: ['x'] }],
      ] as const),
      ...([
        ['missed', at(-61)],
        ['whenever', {}],
        ['secret', { ...at(5), visibility: 'private' }],
      ] as const),
    ] as const)
      await plan(host, title, change);
    const over = await onAir(host, 'over', { category: 'talk' });
    await backend.database.session.update({ where: { id: over }, data: { state: 'ended', recorded: true } });
    const lost = await onAir(host, 'not recorded');
    await backend.database.session.update({ where: { id: lost }, data: { state: 'failed' } });
    await onAir(host, 'now');
    const first = await api.client.sessions.list({ ...filter, state: 'scheduled' });
    const rest = await api.client.sessions.list({ ...filter, state: 'scheduled', cursor: first.nextCursor! });
    expect([...first.items, ...rest.items].map(({ title }) => title)).toEqual(['first', 'second', 'third']);
    expect(rest.nextCursor).toBeNull();
    const of = (more: object) => titles({ host: filter.host, ...more });
    expect([await of({}), await of({ state: 'ended' })]).toEqual([['now'], ['over']]);
    expect(await of({ state: 'scheduled', tag: 'X' })).toEqual(['second']);
    expect([
      await of({ state: 'ended', category: 'talk' }),
      await of({ state: 'ended', category: 'news' }),
    ]).toEqual([['over'], []]);
  });

  it('by viewers are turned page by page in one order, whatever becomes of the numbers', async () => {
    const host = await api.register();
    const { database } = backend;
    const watched = async (sessionId: string, concurrent: number) => {
      const row = { concurrent };
      await database.sessionAudience.upsert({
        where: { sessionId },
        create: { sessionId, ...row },
        update: row,
      });
    };
    const ids: string[] = [];
    for (const count of [3, 0, 9, 1, 5, 7]) {
      const id = await onAir(host, `watched by ${count}`);
      if (count > 0) await watched(id, count);
      ids.push(id);
    }
    const filter = { host: host.user.username, sort: 'viewers' as const, limit: 2 };
    // Who watches is counted by no viewing here, so the api says every ten seconds that nobody does.
    let page = await api.client.sessions.list(filter);
    const begin = async () => {
      for (const [index, count] of [3, 0, 9, 1, 5, 7].entries()) await watched(ids[index]!, count);
      page = await api.client.sessions.list(filter);
      return page.items.map(({ title }) => title).join() === 'watched by 9,watched by 7';
    };
    await waitUntil('the ranking', begin, 60_000);
    const seen = page.items.map(({ id }) => id);
    let cursor = page.nextCursor;
    for (let pages = 0; cursor !== null && pages < 10; pages++) {
      // Those who were last are first now, and one ends.
      for (const [index, id] of ids.entries()) await watched(id, index * 100);
      if (pages === 0) await database.session.update({ where: { id: ids[0]! }, data: { state: 'ending' } });
      const next = await api.client.sessions.list({ ...filter, cursor });
      seen.push(...next.items.map(({ id }) => id));
      cursor = next.nextCursor;
    }
    expect(seen).toEqual([ids[2], ids[5], ids[4], ids[3], ids[1]]);
    for (const query of [
      ...['sort=viewers&state=ended', 'sort=viewers&state=scheduled', 'sort=viewers&cursor=x', 'cursor=x'],
      ...[
        `sort=viewers&cursor=${Buffer.from('[1,0]').toString('base64url')}`,
        'state=all',
        'sort=newest',
        'type=text',
      ],
    ])
      expect([query, await api.refusal(null, 'GET', `/sessions?${query}`)]).toEqual([
        query,
        '422 validation_failed',
      ]);
  });
});
