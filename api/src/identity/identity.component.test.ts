import { errorBody } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import type { TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
});
afterAll(() => backend?.close());

/** Status and code of a refusal; fails unless it has the one shape. */
async function refusal(answer: Promise<{ status: number; body: unknown }>): Promise<string> {
  const { status, body } = await answer;
  return `${status} ${errorBody.parse(body).error.code}`;
}

const login = (account: { login: string; password: string }) =>
  api.ask('POST', '/api/v1/auth/login', { body: account });
const refresh = (refreshToken: string) => api.ask('POST', '/api/v1/auth/refresh', { body: { refreshToken } });
const me = (token: string) => api.ask('GET', '/api/v1/auth/me', { token });

describe('register and login', () => {
  it('signs in by username and by email, without regard to case', async () => {
    const { user, password } = await api.register('Layla_1');
    expect(user).toMatchObject({ username: 'Layla_1', displayName: 'Layla_1', role: 'user' });
    for (const name of ['layla_1', 'LAYLA_1', 'Layla_1@Example.org']) {
      const again = await api.client.auth.login({ login: name, password });
      expect(again.user.id).toBe(user.id);
      expect(await api.clientOf(again.accessToken).auth.me()).toEqual(user);
    }
  });

  it('refuses names that are taken', async () => {
    await api.register('taken_1');
    const body = { username: 'TAKEN_1', email: 'new@example.org', password: 'long enough password' };
    expect(await refusal(api.ask('POST', '/api/v1/auth/register', { body }))).toBe('409 already_taken');
    const other = { ...body, username: 'fresh_1', email: 'Taken_1@example.org' };
    const answer = await api.ask('POST', '/api/v1/auth/register', { body: other });
    expect(answer.body).toMatchObject({ error: { code: 'already_taken', details: [{ path: 'email' }] } });
  });

  it('lets exactly one of simultaneous registrations have the name', async () => {
    const body = { username: 'rush_1', email: 'rush@example.org', password: 'long enough password' };
    const ask = () => api.ask('POST', '/api/v1/auth/register', { body });
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409]);
  });

  it('answers a wrong password and an unknown account alike', async () => {
    const { user } = await api.register();
    const wrong = await login({ login: user.username, password: 'wrong password' });
    const unknown = await login({ login: 'nobody_at_all', password: 'wrong password' });
    expect(wrong.status).toBe(401);
    expect(wrong.body).toMatchObject({ error: { code: 'invalid_credentials' } });
    const shown = ({ body }: { body: unknown }) => errorBody.parse(body).error.message;
    expect(shown(unknown)).toBe(shown(wrong));
  });

  it('says what is wrong with the input', async () => {
    const body = { username: 'a b', email: 'nonsense', password: 'short' };
    const answer = await api.ask('POST', '/api/v1/auth/register', { body });
    expect(answer.status).toBe(422);
    const { error } = errorBody.parse(answer.body);
    expect(error.details).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: 'username' }),
        expect.objectContaining({ path: 'email' }),
        expect.objectContaining({ path: 'password' }),
      ]),
    );
    expect(JSON.stringify(answer.body)).not.toContain('short');
  });

  it('stores neither passwords nor tokens', async () => {
    const { user, password, refreshToken, accessToken } = await api.register();
    const stored = await backend.database.user.findUnique({
      where: { id: user.id },
      include: { signIns: { include: { refreshTokens: true } } },
    });
    const text = JSON.stringify(stored);
    expect(stored?.passwordHash).toMatch(/^\$argon2id\$/);
    for (const secret of [password, refreshToken, accessToken]) expect(text).not.toContain(secret);
  });
});

describe('access', () => {
  it.each([
    ['no token', undefined, '401 unauthenticated'],
    ['another scheme', 'Basic YTpi', '401 unauthenticated'],
    ['nonsense', 'Bearer nonsense', '401 token_invalid'],
  ])('is refused with %s, before the input is looked at', async (_, authorization, expected) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    expect(await refusal(api.ask('GET', '/api/v1/auth/me', { headers }))).toBe(expected);
    const create = api.ask('POST', '/api/v1/sessions', { headers, body: { nonsense: true } });
    expect(await refusal(create)).toBe(expected);
  });

  it('ends with the sign-in, at once', async () => {
    const { accessToken, refreshToken, client } = await api.register();
    await client.auth.logout({ refreshToken });
    expect(await refusal(me(accessToken))).toBe('401 token_invalid');
    expect(await refusal(refresh(refreshToken))).toBe('401 token_invalid');
    await client.auth.logout({ refreshToken });
  });

  it('ends for a banned account everywhere', async () => {
    const { user, password, accessToken, refreshToken } = await api.register();
    await backend.database.user.update({ where: { id: user.id }, data: { bannedAt: new Date() } });
    expect(await refusal(me(accessToken))).toBe('403 account_banned');
    expect(await refusal(refresh(refreshToken))).toBe('403 account_banned');
    expect(await refusal(login({ login: user.username, password }))).toBe('403 account_banned');
    expect(await refusal(login({ login: user.username, password: 'wrong' }))).toBe('401 invalid_credentials');
  });
});

describe('refresh', () => {
  it('gives a new pair each time', async () => {
    const account = await api.register();
    const first = await api.client.auth.refresh({ refreshToken: account.refreshToken });
    const second = await api.client.auth.refresh({ refreshToken: first.refreshToken });
    expect(new Set([account.refreshToken, first.refreshToken, second.refreshToken]).size).toBe(3);
    expect((await me(second.accessToken)).status).toBe(200);
  });

  it('ends the whole family when a token comes again', async () => {
    const account = await api.register();
    const other = await api.client.auth.login({ login: account.user.username, password: account.password });
    const next = await api.client.auth.refresh({ refreshToken: account.refreshToken });
    expect(await refusal(refresh(account.refreshToken))).toBe('401 token_reused');
    expect(await refusal(refresh(next.refreshToken))).toBe('401 token_invalid');
    expect(await refusal(me(next.accessToken))).toBe('401 token_invalid');
    expect((await me(other.accessToken)).status).toBe(200);
  });

  it('lets exactly one of simultaneous requests have the next token', async () => {
    const { refreshToken } = await api.register();
    const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(refreshToken)));
    const winners = answers.filter((answer) => answer.status === 200);
    const losers = answers.filter((answer) => answer.status !== 200);
    expect(winners).toHaveLength(1);
    for (const { body } of losers) {
      expect(['conflict', 'token_reused']).toContain(errorBody.parse(body).error.code);
    }
  });

  it('is refused for nonsense and after the family expired', async () => {
    expect(await refusal(refresh('rt_' + 'x'.repeat(40)))).toBe('401 token_invalid');
    expect(await refusal(refresh('short'))).toBe('422 validation_failed');
    const { user, refreshToken } = await api.register();
    const expiresAt = new Date(Date.now() - 1_000);
    await backend.database.signIn.updateMany({ where: { userId: user.id }, data: { expiresAt } });
    expect(await refusal(refresh(refreshToken))).toBe('401 token_invalid');
  });
});

describe('sign-ins', () => {
  it('are listed and revoked by their owner alone', async () => {
    const account = await api.register();
    const phone = await api.client.auth.login({ login: account.user.username, password: account.password });
    const { items } = await account.client.auth.listSignIns();
    expect(items).toHaveLength(2);
    expect(items.filter((item) => item.current)).toHaveLength(1);
    const other = items.find((item) => !item.current);
    const stranger = await api.register();
    const path = `/api/v1/auth/sign-ins/${other?.id}`;
    const attempt = api.ask('DELETE', path, { token: stranger.accessToken });
    expect(await refusal(attempt)).toBe('404 not_found');
    await account.client.auth.revokeSignIn({ id: other?.id ?? '' });
    expect(await refusal(me(phone.accessToken))).toBe('401 token_invalid');
    expect((await account.client.auth.listSignIns()).items).toHaveLength(1);
  });
});

describe('signed-in devices', () => {
  it('have the name that the client gives them, else that of browser and system', async () => {
    const { user, password, client } = await api.register();
    const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
    const body = { login: user.username, password };
    const headers = { 'user-agent': agent };
    await api.ask('POST', '/api/v1/auth/login', { body, headers });
    await api.ask('POST', '/api/v1/auth/login', { body: { ...body, deviceName: 'هاتف ليلى' }, headers });
    const { items } = await client.auth.listSignIns();
    expect(items.map((item) => item.deviceName).sort()).toEqual(
      ['Firefox, Windows', 'هاتف ليلى', null].sort(),
    );
    const long = { ...body, deviceName: 'x'.repeat(61) };
    expect(await refusal(api.ask('POST', '/api/v1/auth/login', { body: long }))).toBe(
      '422 validation_failed',
    );
  });

  it('are all signed out but the one that asks, also twice', async () => {
    const { user, password, client, accessToken } = await api.register();
    const others = await Promise.all(
      [1, 2].map(() => api.client.auth.login({ login: user.username, password })),
    );
    const stranger = await api.register();
    const asked = await Promise.all([client.auth.revokeOtherSignIns(), client.auth.revokeOtherSignIns()]);
    expect(asked.reduce((sum, { ended }) => sum + ended, 0)).toBe(2);
    for (const other of others) expect(await refusal(me(other.accessToken))).toBe('401 token_invalid');
    expect((await me(accessToken)).status).toBe(200);
    expect((await me(stranger.accessToken)).status).toBe(200);
    expect(await client.auth.revokeOtherSignIns()).toEqual({ ended: 0 });
  });
});

describe('a password change', () => {
  const newPassword = 'another long password';

  it('ends all other sign-ins and takes effect at once', async () => {
    const { user, password, client, accessToken } = await api.register();
    const other = await api.client.auth.login({ login: user.username, password });
    await client.auth.changePassword({ currentPassword: password, newPassword });
    expect((await me(accessToken)).status).toBe(200);
    expect(await refusal(me(other.accessToken))).toBe('401 token_invalid');
    expect(await refusal(refresh(other.refreshToken))).toBe('401 token_invalid');
    expect(await refusal(login({ login: user.username, password }))).toBe('401 invalid_credentials');
    expect((await login({ login: user.username, password: newPassword })).status).toBe(200);
  });

  it('needs the present password and a good new one', async () => {
    const { accessToken: token, password } = await api.register();
    const change = (body: object) => refusal(api.ask('POST', '/api/v1/auth/password', { token, body }));
    expect(await change({ currentPassword: 'wrong', newPassword })).toBe('401 invalid_credentials');
    expect(await change({ newPassword })).toBe('401 invalid_credentials');
    expect(await change({ currentPassword: password, newPassword: 'short' })).toBe('422 validation_failed');
  });

  it('succeeds once when asked several times at once', async () => {
    const { user, password, client } = await api.register();
    const asked = await Promise.allSettled(
      ['first', 'second', 'third'].map((word) =>
        client.auth.changePassword({ currentPassword: password, newPassword: `${word} long password` }),
      ),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const won = ['first', 'second', 'third'].filter((_, index) => asked[index]?.status === 'fulfilled');
    const answer = await login({ login: user.username, password: `${won[0]} long password` });
    expect(answer.status).toBe(200);
  });

  it('leaves no sign-in that proved the old password, however the two meet', async () => {
    const { user, password, client } = await api.register();
    const logins = Array.from({ length: 6 }, () => login({ login: user.username, password }));
    const change = client.auth.changePassword({ currentPassword: password, newPassword });
    await Promise.all([...logins, change]);
    expect((await client.auth.listSignIns()).items.map((item) => item.current)).toEqual([true]);
  });

  it('is not for guessing the password with a stolen token', async () => {
    const strict = await backend.startApi({ AUTH_FAILURES_PER_ACCOUNT: '3' });
    const { accessToken: token } = await strict.register();
    const guess = (word: string) =>
      strict.ask('POST', '/api/v1/auth/password', { token, body: { currentPassword: word, newPassword } });
    const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(guess));
    expect(answers.map(({ status }) => status).sort()).toEqual([401, 401, 401, 429, 429]);
  });

  it('gives a password to an account that has none, soon after its sign-in alone', async () => {
    const { user, client } = await api.register();
    await backend.database.user.update({ where: { id: user.id }, data: { passwordHash: null } });
    expect(await refusal(login({ login: user.username, password: '' }))).toBe('422 validation_failed');
    expect(await refusal(login({ login: user.username, password: 'any' }))).toBe('401 invalid_credentials');
    await client.auth.changePassword({ newPassword });
    expect((await login({ login: user.username, password: newPassword })).status).toBe(200);
    const createdAt = new Date(Date.now() - 16 * 60_000);
    await backend.database.user.update({ where: { id: user.id }, data: { passwordHash: null } });
    await backend.database.signIn.updateMany({ where: { userId: user.id }, data: { createdAt } });
    const late = client.auth.changePassword({ newPassword });
    await expect(late).rejects.toMatchObject({ code: 'reauthentication_required', status: 403 });
  });
});

describe('many sign-ins', () => {
  it('end those that were not used the longest, beyond a hundred', async () => {
    const { user, password, client } = await api.register();
    const [expiresAt, since] = [new Date(Date.now() + 3_600_000), Date.now() - 3_600_000];
    const data = Array.from({ length: 101 }, (_, index) => ({
      ...{ userId: user.id, expiresAt, deviceName: `device ${index}`, lastUsedAt: new Date(since + index) },
    }));
    const [oldest] = await backend.database.signIn.createManyAndReturn({ data });
    // Those at the same moment may leave some more; the next one doesn't.
    const together = [1, 2, 3].map(() => login({ login: user.username, password }));
    expect((await Promise.all(together)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await login({ login: user.username, password })).status).toBe(200);
    const { items } = await client.auth.listSignIns();
    const lasting = await backend.database.signIn.count({ where: { userId: user.id, endedAt: null } });
    expect([lasting, items.length, items.at(-1)?.deviceName]).toEqual([100, 100, 'device 6']);
    expect(items.filter(({ current }) => current)).toHaveLength(1);
    expect(await backend.redis.zscore('maydan:api:signInsEnded:recent', oldest!.id)).not.toBeNull();
  });
});

describe('expired sign-ins', () => {
  it('are forgotten with their tokens, a day later', async () => {
    const [old, fresh] = [await api.register(), await api.register()];
    const expire = (userId: string, hours: number) =>
      backend.database.signIn.updateMany({
        where: { userId },
        data: { expiresAt: new Date(Date.now() - hours * 3_600_000) },
      });
    await expire(old.user.id, 25);
    await expire(fresh.user.id, 23);
    const busy = await api.register();
    const where = { signIn: { userId: busy.user.id } };
    const { signInId } = await backend.database.refreshToken.findFirstOrThrow({ where });
    const usedAt = (days: number): Date => new Date(Date.now() - days * 86_400_000);
    const data = [7, 9].map((days) => ({ hash: `used ${days}`, signInId, usedAt: usedAt(days) }));
    await backend.database.refreshToken.createMany({ data });
    const left = (userId: string) => backend.database.refreshToken.count({ where: { signIn: { userId } } });
    await backend.startApi();
    await waitUntil('the sweep', async () => (await left(old.user.id)) === 0, 60_000);
    expect(await left(fresh.user.id)).toBe(1);
    await waitUntil('used tokens to be forgotten', async () => (await left(busy.user.id)) === 2, 60_000);
    expect(await backend.database.refreshToken.count({ where: { hash: 'used 7' } })).toBe(1);
  });
});

describe('rate limits', () => {
  it('stop guessing the password of an account, with the time to wait', async () => {
    const strict = await backend.startApi({ AUTH_FAILURES_PER_ACCOUNT: '3' });
    const { user, password } = await strict.register();
    const guess = (word: string) =>
      strict.ask('POST', '/api/v1/auth/login', { body: { login: user.username, password: word } });
    await guess('wrong 1');
    await guess('wrong 2');
    expect((await guess(password)).status).toBe(200);
    const answers = await Promise.all([1, 2, 3, 4, 5].map((number) => guess(`wrong ${number}`)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([401, 401, 401, 429, 429]);
    const refused = await guess(password);
    expect(refused.status).toBe(429);
    expect(refused.body).toMatchObject({ error: { code: 'rate_limited' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('let no stranger lock the owner out where the owner has signed in before', async () => {
    const options = { AUTH_FAILURES_PER_ACCOUNT: '2', TRUST_PROXY: 'loopback' };
    const [here, there] = [await backend.startApi(options), await backend.startApi(options)];
    const { user, password } = await here.register();
    const from = (node: TestApi, address: string, login: string, word: string) =>
      node.ask('POST', '/api/v1/auth/login', {
        body: { login, password: word },
        headers: { 'x-forwarded-for': address },
      });
    expect((await from(here, '203.0.113.9', user.username, password)).status).toBe(200);
    const statuses = async (login: string, hosts: number[]): Promise<number[]> => {
      const asked: number[] = [];
      for (const host of hosts) {
        asked.push((await from(host % 2 ? here : there, `192.0.2.${host}`, login, 'wrong')).status);
      }
      return asked;
    };
    // Two from each address and ten in all, whichever process they come to.
    expect(await statuses(user.username, [1, 2, 1, 1])).toEqual([401, 401, 401, 429]);
    const many = await statuses(user.username, [11, 12, 13, 14, 15, 16, 17, 18]);
    expect(many).toEqual([401, 401, 401, 401, 401, 401, 401, 429]);
    expect((await from(there, '203.0.113.9', user.username.toUpperCase(), password)).status).toBe(200);
    expect((await from(there, '203.0.113.9', `${user.username}@example.org`, password)).status).toBe(200);
    // An account that doesn't exist answers alike.
    expect(await statuses('nobody_to_be_found', [1, 2, 1, 1])).toEqual([401, 401, 401, 429]);
    expect(await backend.redis.keys(`*${user.username}*`)).toEqual([]);
  });

  it('stop an address that registers or signs in too often, and count each address by itself', async () => {
    const strict = await backend.startApi({ AUTH_RATE_PER_ADDRESS: '3', TRUST_PROXY: 'loopback' });
    const from = (address: string) =>
      strict.ask('POST', '/api/v1/auth/login', {
        body: { login: 'nobody_here', password: 'x' },
        headers: { 'x-forwarded-for': address },
      });
    for (let attempt = 0; attempt < 3; attempt++) expect((await from('198.51.100.1')).status).toBe(401);
    expect((await from('198.51.100.1')).status).toBe(429);
    expect((await from('198.51.100.2')).status).toBe(401);
  });
});
