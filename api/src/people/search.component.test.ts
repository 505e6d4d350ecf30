import { accountPage, userSearchPage } from '@maydan/contracts';
import { namesOf } from '@maydan/prisma';
import { refusalOf, type Account, type AskOptions, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { indexedLetters } from './searchText.ts';

let backend: TestBackend;
let api: TestApi;
let me: Account;
let admin: Account;

const names: readonly (readonly [username: string, displayName: string])[] = [
  ['ahmad', 'أحمد'],
  ['ahmad_ali', 'أحمد علي'],
  ['user_1', 'أَحْمَد'],
  ['user_2', 'عليّ أحمد'],
  ['user_3', 'عبد الرحمن آل ثاني'],
  ['user_4', 'فاطمة مصطفى'],
  ['user_5', 'Jürgen Müller'],
  ['user_6', 'Mohamed Salah'],
  ['user_7', 'لاعب رقم ٧'],
  ['user_8', '日本語太郎'],
  ['percent', '100% _real_'],
];

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ SEARCH_RATE_PER_USER: '10000' });
  [me, admin] = await Promise.all([api.register('searcher'), api.register('the_admin')]);
  await backend.giveRole(admin, 'admin');
  for (const [username, displayName] of names) await create(username, displayName);
});
afterAll(() => backend?.close());

function create(username: string, displayName: string) {
  return backend.database.user.create({
    data: { ...namesOf(username, displayName), email: `${username}@example.org`, passwordHash: '-' },
  });
}

async function found(query: string, account: Account | TestApi = api): Promise<string[]> {
  const { items } = userSearchPage.parse(await account.client.people.search({ query }));
  return items.map(({ username }) => username);
}

describe('a search', () => {
  it.each([
    // Exact username, exact names, what begins with it, what contains it.
    ['ahmad', ['ahmad', 'ahmad_ali']],
    ['AHMAD', ['ahmad', 'ahmad_ali']],
    ['احمد', ['ahmad', 'user_1', 'ahmad_ali', 'user_2']],
    ['أحمد', ['ahmad', 'user_1', 'ahmad_ali', 'user_2']],
    ['أحـــمد', ['ahmad', 'user_1', 'ahmad_ali', 'user_2']],
    // All words, in any order.
    ['علي احمد', ['user_2', 'ahmad_ali']],
    ['الرحمان', ['user_3']],
    ['ال ثانى', ['user_3']],
    ['رحمن', ['user_3']],
    ['فاطمه', ['user_4']],
    ['مصطفي', ['user_4']],
    ['jurgen muller', ['user_5']],
    ['ÜLLER', ['user_5']],
    ['لاعب رقم 7', ['user_7']],
    ['日本', ['user_8']],
    // Spelled differently.
    ['mohammad', ['user_6']],
    ['jurqen', ['user_5']],
    // What has a meaning for LIKE has none here.
    ['100%', ['percent']],
    ['%%%', []],
    ['___', []],
    ['\\', []],
    ["'; --", []],
    ['zzzzzz', []],
    ['\u0640\u0640', []],
  ])('for %s finds %j', async (query, expected) => {
    expect(await found(query)).toEqual(expected);
  });

  it('finds by the whole address or number those who permit it, for people who are signed in', async () => {
    const { user, client } = await api.register('private_one');
    const phone = '+966501234567';
    await backend.database.user.update({ where: { id: user.id }, data: { phone } });
    const [address, number] = ['PRIVATE_one@example.org', '٠٠٩٦٦ ٥٠ ١٢٣ ٤٥٦٧'];
    expect([await found(address, me), await found(number, me)]).toEqual([[], []]);
    await client.account.update({ privacy: { foundByEmail: true } });
    // An address that nobody has proved may be anybody's.
    expect(await found(address, me)).toEqual([]);
    await backend.database.user.update({ where: { id: user.id }, data: { emailVerifiedAt: new Date() } });
    expect([await found(address, me), await found(number, me)]).toEqual([['private_one'], []]);
    await client.account.update({ privacy: { foundByEmail: false, foundByPhone: true } });
    expect([await found(address, me), await found(number, me)]).toEqual([[], ['private_one']]);
    expect(await found(number)).toEqual([]);
    expect(await found('+96650123456', me)).toEqual([]);
    await client.blocks.create({ id: me.user.id });
    expect(await found(number, me)).toEqual([]);
    const { items } = await admin.client.people.list({ search: phone });
    expect(items.map(({ id }) => id)).toEqual([user.id]);
  });

  it('finds by the new name who is called differently now', async () => {
    const { client } = await api.register('old_handle');
    await client.account.update({ username: 'Fresh_Handle', displayName: 'إسمٌ جديد' });
    expect([await found('old_ha'), await found('fresh_h')]).toEqual([[], ['Fresh_Handle']]);
    expect(await found('اسم جديد')).toEqual(['Fresh_Handle']);
  });

  it('finds by a name at once when it is new', async () => {
    const account = await api.register('brand_new_name');
    expect(await found('brand_new')).toEqual(['brand_new_name']);
    expect(await found('brand_new_name', account)).toEqual(['brand_new_name']);
  });

  it('comes in pages over all ways of being found, each once, whoever is new meanwhile', async () => {
    for (const [username, displayName] of [
      ['pager', 'Someone'],
      ['someone_1', 'Pager'],
      ['someone_2', 'Pager'],
      ['pager_b', 'Else'],
      ['pager_d', 'Else'],
      ['someone_3', 'Pager Two'],
      ['someone_4', 'The Pager'],
      ['someone_5', 'A Pager'],
    ] as const) {
      await create(username, displayName);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await api.client.people.search({ query: 'pager', limit: 2, cursor });
      seen.push(...page.items.map(({ username }) => username));
      cursor = page.nextCursor ?? undefined;
      if (seen.length === 4) await create('pager_a', 'Late');
      if (seen.length === 6) await create('pager_c', 'Late, too');
    } while (cursor !== undefined);
    expect(seen.sort()).toEqual(
      ['pager', 'pager_b', 'pager_d', 'someone_1', 'someone_2', 'someone_3', 'someone_4', 'someone_5'].sort(),
    );
  });

  it('finds neither the banned nor, both ways, whom a block hides; moderators and admins find all', async () => {
    const [ann, bob] = (await Promise.all([api.register('hidden_ann'), api.register('hidden_bob')])) as [
      Account,
      Account,
    ];
    await ann.client.blocks.create({ id: bob.user.id });
    expect([await found('hidden_', ann), await found('hidden_', bob)]).toEqual([
      ['hidden_ann'],
      ['hidden_bob'],
    ]);
    expect([await found('hiden', ann), await found('hiden', bob)]).toEqual([['hidden_ann'], ['hidden_bob']]);
    expect(await found('hidden_', me)).toEqual(['hidden_ann', 'hidden_bob']);
    await bob.client.blocks.create({ id: admin.user.id });
    expect(await found('hidden_', admin)).toEqual(['hidden_ann', 'hidden_bob']);
    await backend.database.user.update({ where: { id: bob.user.id }, data: { bannedAt: new Date() } });
    expect(await found('hidden_', me)).toEqual(['hidden_ann']);
  });

  it('has an end, and a limit', async () => {
    const ask = (query: string) => api.ask('GET', `/api/v1/users/search${query}`);
    for (const query of [
      '',
      '?query=',
      `?query=${'x'.repeat(101)}`,
      '?query=a&cursor=x',
      '?query=a&limit=51',
    ]) {
      expect([query, refusalOf(await ask(query))]).toEqual([query, '422 validation_failed']);
    }
    const strict = await backend.startApi({ SEARCH_RATE_PER_USER: '2' });
    const { accessToken: token } = await api.register();
    const path = '/api/v1/users/search?query=a';
    const answers = await Promise.all([1, 2, 3].map(() => strict.ask('GET', path, { token })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  });

  it('shares its limit with searches for channels and, for guests, with lists of followers', async () => {
    const strict = await backend.startApi({ SEARCH_RATE_PER_USER: '2', TRUST_PROXY: 'loopback' });
    const { accessToken: token, user } = await api.register();
    const statuses = async (paths: readonly string[], options: AskOptions) => {
      const asked = paths.map((path) => strict.ask('GET', `/api/v1${path}`, options));
      return (await Promise.all(asked)).map(({ status }) => status).sort();
    };
    const channels = '/public-channels?search=a';
    expect(await statuses([channels, channels, channels], { token })).toEqual([200, 200, 429]);
    const lists = ['followers', 'followers', 'following'].map((list) => `/users/${user.id}/${list}`);
    const headers = { 'x-forwarded-for': '203.0.113.77' };
    expect(await statuses(lists, { headers })).toEqual([200, 200, 429]);
    expect(await statuses(lists, { token })).toEqual([200, 200, 200]);
  });

  it('has an index that knows the letters it says it knows', async () => {
    const [row] = await backend.database.$queryRaw<{ letters: string }[]>`
      SELECT search_letters(${indexedLetters}) AS letters`;
    expect(row!.letters).toMatch(/^[a-z0-9]+$/);
    expect(row!.letters).toHaveLength(indexedLetters.length);
  });
});

describe('the list of all users', () => {
  const list = async (input: object) =>
    accountPage.parse(await admin.client.people.list({ limit: 100, ...input })).items;

  it('is for admins alone', async () => {
    expect(refusalOf(await api.ask('GET', '/api/v1/admin/users'))).toBe('401 unauthenticated');
    const mine = await api.ask('GET', '/api/v1/admin/users', { token: me.accessToken });
    expect(refusalOf(mine)).toBe('403 forbidden');
    const wrong = await api.ask('GET', '/api/v1/admin/users?role=king', { token: admin.accessToken });
    expect(refusalOf(wrong)).toBe('422 validation_failed');
  });

  it('is filtered by role, state and name', async () => {
    const banned = await create('banned_one', 'Banned');
    await backend.database.user.update({ where: { id: banned.id }, data: { bannedAt: new Date() } });
    expect((await list({ role: 'admin' })).map(({ username }) => username)).toEqual(['the_admin']);
    expect((await list({ state: 'banned', search: 'banned' })).map(({ id }) => id)).toEqual([banned.id]);
    expect(await list({ state: 'active', search: 'banned_one' })).toEqual([]);
    for (const search of ['searcher@example.org', 'search', 'archer']) {
      const [first] = await list({ search });
      expect(first).toMatchObject({ id: me.user.id, email: me.user.email, role: 'user', bannedAt: null });
    }
    expect(await list({ search: '%' })).toEqual([]);
  });

  it('comes in pages, the newest first', async () => {
    const all = (await list({})).map(({ id }) => id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await admin.client.people.list({ limit: 7, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(all);
    const { createdAt } = (await list({}))[0]!;
    expect(createdAt >= (await list({})).at(-1)!.createdAt).toBe(true);
  });
});
