import { refusalOf, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
});
afterAll(() => backend?.close());

describe('profile and settings', () => {
  it('begin open to messages and closed to searches', async () => {
    const { user } = await api.register();
    expect(user).toMatchObject({
      ...{ bio: '', language: null, theme: 'system', phone: null, hasPassword: true },
      privacy: {
        ...{ messagesFrom: 'everyone', presenceFor: 'everyone' },
        ...{ foundByEmail: false, foundByPhone: false },
      },
    });
  });

  it('change what is given and leave the rest', async () => {
    const { user, client } = await api.register();
    const change = { displayName: ' ليلى ', bio: 'أهلاً', language: 'ar', theme: 'dark' } as const;
    const changed = await client.account.update({ ...change, privacy: { messagesFrom: 'contacts' } });
    const expected = {
      ...user,
      ...{ ...change, displayName: 'ليلى' },
      privacy: { ...user.privacy, messagesFrom: 'contacts' },
    };
    expect(changed).toEqual(expected);
    expect(await client.account.update({})).toEqual(expected);
    const back = await client.account.update({ language: null, privacy: { foundByEmail: true } });
    expect(back).toMatchObject({ language: null, bio: 'أهلاً' });
    expect(back.privacy).toEqual({ ...expected.privacy, foundByEmail: true });
    expect(await client.auth.me()).toEqual(back);
  });

  it('show nothing that looks like another name, and are stored whatever is in them', async () => {
    const { accessToken: token } = await api.register();
    const body = { displayName: '\u202e ليلى\u0000\n2 ', bio: 'a\u0000b\r\n\u202ec' };
    const { body: changed } = await api.ask('PATCH', '/api/v1/account', { token, body });
    expect(changed).toMatchObject({ displayName: 'ليلى 2', bio: 'ab\nc' });
  });

  it('include the name one signs in with, which only one can have', async () => {
    const [one, two] = [await api.register(), await api.register()];
    const name = `New_${one.user.username.slice(0, 10)}`;
    const asked = await Promise.allSettled(
      [one, two].map(({ client }) => client.account.update({ username: name })),
    );
    expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(asked.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'already_taken', status: 409 },
    });
    const winner = asked[0]?.status === 'fulfilled' ? one : two;
    const again = await api.client.auth.login({ login: name.toLowerCase(), password: winner.password });
    expect(again.user).toMatchObject({ id: winner.user.id, username: name });
    expect((await winner.client.account.update({ username: name.toUpperCase() })).username).toBe(
      name.toUpperCase(),
    );
  });

  it.each([
    { displayName: ' ' },
    // Shows nothing.
    { displayName: '\u200b\u2066' },
    { displayName: 'x'.repeat(61) },
    { bio: 'x'.repeat(501) },
    { language: 'fr' },
    { theme: 7 },
    { username: 'a b' },
    { privacy: { messagesFrom: 'friends' } },
    { privacy: { foundByEmail: 'yes' } },
  ])('refuse %j', async (body) => {
    const { accessToken: token, client, user } = await api.register();
    const answer = await api.ask('PATCH', '/api/v1/account', { token, body });
    expect(refusalOf(answer)).toBe('422 validation_failed');
    expect(await client.auth.me()).toEqual(user);
  });

  it('may not be changed without end', async () => {
    const strict = await backend.startApi({ PEOPLE_RATE_PER_USER: '2' });
    const { accessToken: token } = await api.register();
    const changes = ['a', 'b', 'c'].map((bio) =>
      strict.ask('PATCH', '/api/v1/account', { token, body: { bio } }),
    );
    expect((await Promise.all(changes)).map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  });

  it('take no role and no other account', async () => {
    const { accessToken: token, client, user } = await api.register();
    const body = {
      role: 'admin',
      id: '0192f0c1-0000-7000-8000-000000000001',
      email: 'a@b.example',
      bio: 'me',
    };
    expect((await api.ask('PATCH', '/api/v1/account', { token, body })).status).toBe(200);
    expect(await client.auth.me()).toEqual({ ...user, bio: 'me' });
    expect(refusalOf(await api.ask('PATCH', '/api/v1/account', { body }))).toBe('401 unauthenticated');
  });
});
