import { session as sessionSchema } from '@maydan/contracts';
import { newId } from '@maydan/prisma';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  admin = await api.register();
  await backend.giveRole(admin, 'admin');
  for (const [position, slug] of ['talk', 'news'].entries())
    await admin.client.categories.create({ slug, name: namesOf(slug), position });
});
afterAll(() => backend?.close());

const namesOf = (slug: string) => ({ en: `The ${slug}`, ar: 'أخبار' });

describe('sessions', () => {
  it('are prepared, changed and ended by their host, and by moderators', async () => {
    const [host, other] = [await api.register(), await api.register()];
    const made = await host.client.sessions.create({ title: ' A title ', tags: ['Music'], category: 'Talk' });
    expect(sessionSchema.parse(made)).toMatchObject({
      title: 'A title',
      tags: ['music'],
      category: 'talk',
      state: 'idle',
    });
    const changed = await host.client.sessions.update({ id: made.id, title: 'Another', tags: [] });
    expect(changed).toMatchObject({ title: 'Another', tags: [], category: 'talk' });
    const path = `/api/v1/sessions/${made.id}`;
    const token = other.accessToken;
    expect(refusalOf(await api.ask('PATCH', path, { token, body: { title: 'x' } }))).toBe('403 forbidden');
    expect(refusalOf(await api.ask('POST', `${path}/end`, { token }))).toBe('403 forbidden');
    await backend.giveRole(other, 'moderator');
    const ended = await other.client.sessions.end({ id: made.id });
    expect(ended).toMatchObject({ state: 'ended', endReason: 'moderatorEnded' });
    const again = await api.ask('POST', `${path}/end`, { token: host.accessToken });
    expect(refusalOf(again)).toBe('409 wrong_state');
    const body = { scheduledStartAt: new Date().toISOString() };
    const late = await api.ask('PATCH', path, { token: host.accessToken, body });
    expect(refusalOf(late)).toBe('409 wrong_state');
  });

  it('are listed in pages, without unlisted ones, by type, category, host and search', async () => {
    const host = await api.register();
    const { username } = host.user;
    const titles = ['one', 'two', 'three', 'four', 'five'];
    for (const [index, title] of titles.entries()) {
      const made = await host.client.sessions.create({
        title,
        type: index % 2 === 0 ? 'video' : 'audio',
        category: title === 'two' ? 'news' : null,
      });
      const startedAt = new Date(Date.now() - index * 1_000);
      const data = { state: 'live' as const, startedAt, readyAt: startedAt, epoch: 1 };
      await backend.database.session.update({ where: { id: made.id }, data });
    }
    const hidden = await host.client.sessions.create({ title: 'hidden', visibility: 'unlisted' });
    const data = { state: 'live' as const, startedAt: new Date(), readyAt: new Date() };
    await backend.database.session.update({ where: { id: hidden.id }, data });

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await api.client.sessions.list({ host: username, sort: 'started', limit: 2, cursor });
      seen.push(...page.items.map((item) => item.title));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && seen.length < 20);
    expect(seen).toEqual(titles);
    const found = async (filter: object) => {
      const { items } = await api.client.sessions.list({ host: username, ...filter });
      return items.map((item) => item.title).sort();
    };
    expect(await found({ type: 'audio' })).toEqual(['four', 'two']);
    expect(await found({ category: 'News' })).toEqual(['two']);
    expect(await found({ search: 'THRE' })).toEqual(['three']);
    expect(await found({ state: 'ended' })).toEqual([]);
    expect((await api.client.sessions.get({ id: hidden.id })).title).toBe('hidden');
    expect((await api.client.channels.get({ username })).live?.title).toBe('five');
  });
});

describe('sessions of a banned account', () => {
  it('are as if not there, for all but moderators and admins, until the ban is lifted', async () => {
    const [host, fan] = (await api.people(2)) as [Account, Account];
    const { username } = host.user;
    const [recorded, ahead, hidden] = await Promise.all(
      (['public', 'public', 'private'] as const).map((visibility, nth) =>
        host.client.sessions.create({
          ...{ title: `${username} ${nth}`, visibility, privateFor: 'followers' },
          scheduledStartAt: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      ),
    );
    await fan.client.people.follow({ id: host.user.id });
    await fan.client.reminders.set({ id: ahead!.id });
    const over = { state: 'ended' as const, recorded: true, startedAt: new Date(), endedAt: new Date() };
    await backend.database.session.update({ where: { id: recorded!.id }, data: over });
    const ids = [recorded!.id, ahead!.id, hidden!.id];
    const ways: [string, string, object?][] = [
      ...ids.flatMap((id): [string, string, object?][] => [
        ['GET', `/sessions/${id}`],
        ['POST', `/sessions/${id}/playback`],
        ['POST', `/sessions/${id}/join`, {}],
        ['GET', `/sessions/${id}/chat`],
        ['POST', `/sessions/${id}/viewing`, {}],
      ]),
      ['GET', `/channels/${username}`],
    ];
    const outcomes = async (who: Account | null) => {
      const token = who === null ? {} : { token: who.accessToken };
      const asked = ways.map(([method, path, body]) => api.ask(method, `/api/v1${path}`, { ...token, body }));
      const answers = await Promise.all(asked);
      return new Set(answers.map((answer) => (answer.status === 200 ? 'there' : refusalOf(answer))));
    };
    const listed = async ({ client }: { client: TestApi['client'] }) => {
      const lists = (['ended', 'scheduled'] as const).flatMap((state) => [
        client.sessions.list({ state, search: username }),
        client.sessions.list({ state, host: username }),
      ]);
      return (await Promise.all(lists)).flatMap(({ items }) => items).length;
    };
    const reminded = async () => (await fan.client.reminders.list({})).items.length;
    const message = { tempId: 'm', text: 'anybody here?' };
    const say = () => api.refusal(fan, 'POST', `/sessions/${ahead!.id}/chat/messages`, message);
    expect([await listed(api), await listed(fan), await reminded()]).toEqual([4, 6, 1]);
    expect(await outcomes(fan)).toContain('there');
    const who = { id: host.user.id };
    await admin.client.platformModeration.ban({ ...who, reason: 'spam' });
    for (const asking of [null, fan]) expect(await outcomes(asking)).toEqual(new Set(['404 not_found']));
    expect([await listed(api), await listed(fan), await reminded()]).toEqual([0, 0, 0]);
    expect(await say()).toBe('404 not_found');
    expect(await api.refusal(host, 'GET', `/sessions/${recorded!.id}`)).toBe('403 account_banned');
    expect(await outcomes(admin)).not.toContain('404 not_found');
    const seen = await admin.client.channels.get({ username });
    expect(seen.latestRecording?.id).toBe(recorded!.id);
    await admin.client.platformModeration.unban(who);
    expect((await fan.client.sessions.get({ id: hidden!.id })).host).toMatchObject({ username });
    expect([await listed(api), await listed(fan), await reminded()]).toEqual([4, 6, 1]);
  });
});

describe('categories', () => {
  it('are managed by admins, listed for all, and written to the audit log', async () => {
    const ann = await api.register();
    const sport = { slug: 'sport', name: { en: ' Sport ', ar: 'رياضة' }, position: 9 };
    expect(await api.refusal(null, 'POST', '/admin/categories', sport)).toBe('401 unauthenticated');
    expect(await api.refusal(ann, 'POST', '/admin/categories', sport)).toBe('403 forbidden');
    expect(await api.refusal(ann, 'GET', '/admin/categories')).toBe('403 forbidden');
    for (const wrong of [
      { slug: '' },
      { slug: 'a b' },
      { slug: '-a' },
      { name: { en: '', ar: 'ر' } },
      { position: -1 },
    ])
      expect(await api.refusal(admin, 'POST', '/admin/categories', { ...sport, ...wrong })).toBe(
        '422 validation_failed',
      );
    const made = await Promise.allSettled([1, 2, 3].map(() => admin.client.categories.create(sport)));
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await api.refusal(admin, 'POST', '/admin/categories', sport)).toBe('409 conflict');
    const slugs = async () => (await api.client.categories.catalogue()).items.map(({ slug }) => slug);
    expect(await slugs()).toEqual(['talk', 'news', 'sport']);
    const { id } = (await api.client.categories.catalogue()).items[2]!;
    expect(await api.refusal(ann, 'PATCH', `/admin/categories/${id}`, { active: false })).toBe(
      '403 forbidden',
    );
    expect(await api.refusal(admin, 'PATCH', `/admin/categories/${newId()}`, { active: false })).toBe(
      '404 not_found',
    );
    const changed = await admin.client.categories.update({
      id,
      active: false,
      name: { en: 'Sports', ar: 'رياضات' },
    });
    expect(changed).toEqual({
      id,
      slug: 'sport',
      name: { en: 'Sports', ar: 'رياضات' },
      active: false,
      position: 9,
    });
    expect(await slugs()).toEqual(['talk', 'news']);
    expect((await admin.client.categories.all()).items).toContainEqual(changed);
    const { items } = await admin.client.audit.list({ targetId: id });
    expect(items.map(({ action, details }) => [action, details['active']])).toEqual([
      ['category.changed', false],
      ['category.added', true],
    ]);
  });

  it('of sessions are those in use; one that goes out of use stays where it is', async () => {
    const host = await api.register();
    const { id } = await admin.client.categories.create({ slug: 'chess', name: namesOf('chess') });
    const made = await host.client.sessions.create({ title: 'board', category: 'Chess' });
    await admin.client.categories.update({ id, active: false });
    for (const category of ['chess', 'unknown']) {
      expect(await api.refusal(host, 'POST', '/sessions', { title: 'x', category })).toBe(
        '422 validation_failed',
      );
    }
    const path = `/sessions/${made.id}`;
    expect(await api.refusal(host, 'PATCH', path, { category: 'unknown' })).toBe('422 validation_failed');
    const change = { id: made.id, category: 'chess', title: 'the board' };
    expect(await host.client.sessions.update(change)).toMatchObject({
      category: 'chess',
      title: 'the board',
    });
    expect(await host.client.sessions.update({ id: made.id, category: null })).toMatchObject({
      category: null,
    });
    expect(await api.refusal(host, 'PATCH', path, { category: 'chess' })).toBe('422 validation_failed');
  });
});

describe('tags', () => {
  it('are kept as they are shown, once each, and found however they are written', async () => {
    const host = await api.register();
    const { username } = host.user;
    const made = await host.client.sessions.create({
      title: 'tagged',
      tags: [' #موسيقى', 'Café', 'cafe', 'موسيقي'],
    });
    expect(made.tags).toEqual(['موسيقى', 'café']);
    const data = { state: 'live' as const, startedAt: new Date(), readyAt: new Date() };
    await backend.database.session.update({ where: { id: made.id }, data });
    const found = async (tag: string) =>
      (await api.client.sessions.list({ host: username, tag })).items.length;
    for (const tag of ['#CAFÉ', 'cafe', 'مُوسيقى', 'موسيقـي'])
      expect([tag, await found(tag)]).toEqual([tag, 1]);
    for (const tag of ['caf', 'cafes', '']) expect([tag, await found(tag)]).toEqual([tag, 0]);
    const changed = await host.client.sessions.update({ id: made.id, tags: ['other'] });
    expect([changed.tags, await found('cafe'), await found('Other')]).toEqual([['other'], 0, 1]);
    for (const tags of [['x'.repeat(31)], ['#'], Array.from({ length: 11 }, (_, index) => `t${index}`)]) {
      expect(await api.refusal(host, 'POST', '/sessions', { title: 'x', tags })).toBe(
        '422 validation_failed',
      );
      expect(await api.refusal(host, 'PATCH', `/sessions/${made.id}`, { tags })).toBe(
        '422 validation_failed',
      );
    }
  });
});
