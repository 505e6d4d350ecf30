import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import { Secret, TOTP } from 'otpauth';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  [api, second] = [await backend.startApi(), await backend.startApi()];
  admin = await api.register();
  await backend.giveRole(admin, 'admin');
}, 180_000);
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

const login = ({ user, password }: Account) =>
  api.ask('POST', '/api/v1/auth/login', { body: { login: user.username, password } });
const acts = async ({ user }: Account) =>
  (await admin.client.audit.list({ targetId: user.id })).items.map(({ action, actor, reason, details }) => [
    ...[action, actor?.id, reason, details],
  ]);

async function withSecondFactor(): Promise<Account> {
  const account = await api.register();
  const { secret } = await account.client.secondFactor.begin({ password: account.password });
  await account.client.secondFactor.confirm({
    code: new TOTP({ secret: Secret.fromBase32(secret) }).generate(),
  });
  return account;
}

describe('somebody whose account is in other hands', () => {
  it('is signed out everywhere at once by an admin, and signs in again', async () => {
    const ann = await api.register();
    const other = await api.client.auth.login({ login: ann.user.username, password: ann.password });
    const socket = await TestSocket.connect(second.url, { token: other.accessToken });
    const asked = { id: ann.user.id, reason: 'a lost phone' };
    expect(await admin.client.admin.signOut(asked)).toEqual({ ended: 2 });
    await socket.untilDisconnected();
    for (const token of [ann.accessToken, other.accessToken])
      expect(refusalOf(await second.ask('GET', '/api/v1/auth/me', { token }))).toBe('401 token_invalid');
    for (const refreshToken of [ann.refreshToken, other.refreshToken])
      expect((await api.ask('POST', '/api/v1/auth/refresh', { body: { refreshToken } })).status).toBe(401);
    expect(await admin.client.admin.signOut(asked)).toEqual({ ended: 0 });
    expect((await login(ann)).status).toBe(200);
    expect(await acts(ann)).toEqual([
      ['user.signedOut', admin.user.id, 'a lost phone', { count: 0 }],
      ['user.signedOut', admin.user.id, 'a lost phone', { count: 2 }],
    ]);
  });
});

describe('somebody who has lost their second factor', () => {
  it('signs in without it once an admin has turned it off, of many at once one, and is told', async () => {
    const ann = await withSecondFactor();
    expect(refusalOf(await login(ann))).toBe('401 second_factor_required');
    const path = `/api/v1/admin/users/${ann.user.id}/second-factor/remove`;
    const [token, reason] = [admin.accessToken, 'seen by video'];
    const asked = await Promise.all([1, 2, 3].map(() => api.ask('POST', path, { token, body: { reason } })));
    expect(asked.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect((await login(ann)).status).toBe(200);
    const { id: userId } = ann.user;
    const { database } = backend;
    expect(await database.secondFactor.count({ where: { userId } })).toBe(0);
    expect(await database.recoveryCode.count({ where: { userId } })).toBe(0);
    expect(await acts(ann)).toEqual([['user.secondFactorRemoved', admin.user.id, reason, {}]]);
    const notices = async () => (await ann.client.notifications.list({ type: 'system' })).items;
    await waitUntil('the notice', async () => (await notices()).length > 0, 60_000);
    expect(JSON.stringify(await notices())).toContain(reason);
    // They turn one on again as before.
    expect((await ann.client.secondFactor.begin({ password: ann.password })).secret).toBeTruthy();
  });

  it('is helped by no admin with their own', async () => {
    const own = await withSecondFactor();
    await backend.giveRole(own, 'admin');
    const path = `/admin/users/${own.user.id}/second-factor/remove`;
    expect(await api.refusal(own, 'POST', path, { reason: 'mine' })).toBe('403 forbidden');
    expect(refusalOf(await login(own))).toBe('401 second_factor_required');
  });
});

describe('somebody who asks an admin to delete their account', () => {
  const path = (id: string) => `/api/v1/admin/users/${id}/delete`;

  it('is nobody any more at once, of many at once one, and is erased', async () => {
    const ann = await api.register();
    const [token, body] = [admin.accessToken, { reason: 'asked by mail from ann@example.org' }];
    const asked = await Promise.all([1, 2, 3].map(() => api.ask('POST', path(ann.user.id), { token, body })));
    const statuses = asked.map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(1);
    expect(statuses.every((status) => [202, 404, 409].includes(status))).toBe(true);
    expect(refusalOf(await second.ask('GET', '/api/v1/auth/me', { token: ann.accessToken }))).toBe(
      '401 token_invalid',
    );
    expect(refusalOf(await login(ann))).toBe('401 invalid_credentials');
    const where = { id: ann.user.id };
    const row = () => backend.database.user.findUniqueOrThrow({ where });
    await waitUntil('the erasure', async () => (await row()).erasedAt !== null, 60_000);
    // What was written of them goes with them.
    expect(await acts(ann)).toEqual([['user.deleted', admin.user.id, null, {}]]);
  });

  it('is no admin, and not banned', async () => {
    const [other, ann] = [await api.register(), await api.register()];
    await backend.giveRole(other, 'admin');
    await admin.client.platformModeration.ban({ id: ann.user.id, reason: 'spam' });
    const [token, body] = [admin.accessToken, { reason: 'asked' }];
    const ask = async ({ user }: Account) => refusalOf(await api.ask('POST', path(user.id), { token, body }));
    expect(await ask(other)).toBe('403 forbidden');
    expect(await ask(admin)).toBe('403 forbidden');
    expect(await ask(ann)).toBe('409 conflict');
  });
});

describe.each(['sign-out', 'second-factor/remove', 'delete'])('what admins alone do: %s', (what) => {
  it('is refused to others, without a reason, and of nobody', async () => {
    const [ann, moderator] = [await api.register(), await api.register()];
    await backend.giveRole(moderator, 'moderator');
    const ask = (account: Account | null, id: string, body: object = { reason: 'why' }) =>
      api.refusal(account, 'POST', `/admin/users/${id}/${what}`, body);
    expect(await ask(null, ann.user.id)).toBe('401 unauthenticated');
    expect(await ask(ann, ann.user.id)).toBe('403 forbidden');
    expect(await ask(moderator, ann.user.id)).toBe('403 forbidden');
    expect(await ask(admin, ann.user.id, {})).toBe('422 validation_failed');
    expect(await ask(admin, ann.user.id, { reason: '' })).toBe('422 validation_failed');
    expect(await ask(admin, newId())).toBe('404 not_found');
    expect(await ask(admin, 'none')).toBe('422 validation_failed');
    await backend.database.user.update({ where: { id: ann.user.id }, data: { deletedAt: new Date() } });
    expect(await ask(admin, ann.user.id)).toBe('404 not_found');
    expect(await acts(ann)).toEqual([]);
  });
});
