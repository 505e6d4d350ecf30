import { createHmac } from 'node:crypto';
import { newKey, OpenIdIssuer } from '../testing/OpenIdIssuer.ts';
import { refusalOf, type Answer, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let issuer: OpenIdIssuer;
let api: TestApi;

beforeAll(async () => {
  [backend, issuer] = await Promise.all([TestBackend.start(), OpenIdIssuer.start()]);
  api = await backend.startApi(issuer.environment);
});
afterAll(async () => {
  await backend?.close();
  await issuer?.close();
});

const signIn = (idToken: string, to: TestApi = api): Promise<Answer> =>
  to.ask('POST', '/api/v1/auth/google', { body: { idToken } });
const nowSec = (): number => Math.floor(Date.now() / 1000);
const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

describe('signing in with Google', () => {
  it('makes an account the first time and finds it afterwards, whatever its address is by then', async () => {
    const claims = issuer.claims({ email: 'Nour.Haddad@Example.org' });
    const first = await api.client.auth.google({ idToken: issuer.token(claims), deviceName: 'laptop' });
    expect(first.user).toMatchObject({
      ...{ username: 'nour_haddad', displayName: 'Nour', email: 'nour.haddad@example.org' },
      ...{ emailVerified: true, hasPassword: false, hasGoogle: true, role: 'user' },
    });
    const idToken = issuer.token({ ...claims, email: 'new@example.org', email_verified: false });
    const second = await api.client.auth.google({ idToken });
    expect(second.user).toEqual(first.user);
    const { items } = await api.clientOf(first.accessToken).auth.listSignIns();
    expect(items.map(({ deviceName }) => deviceName).sort()).toEqual(['laptop', null]);
  });

  it('makes one account when the same person comes several times at once', async () => {
    const idToken = issuer.token();
    const all = await Promise.all([1, 2, 3, 4].map(() => api.client.auth.google({ idToken })));
    expect(new Set(all.map(({ user }) => user.id)).size).toBe(1);
  });

  it('gives another name to a person whose name is taken', async () => {
    const { user } = await api.register('taken_name');
    const idToken = issuer.token({ email: 'taken_name@elsewhere.example' });
    const other = await api.client.auth.google({ idToken });
    expect(other.user.id).not.toBe(user.id);
    expect(other.user.username).toMatch(/^taken_name_[a-z0-9]{6}$/);
  });

  it('shows of a name what others may be shown, and cuts no character in two', async () => {
    const shown = async (name: string) =>
      (await api.client.auth.google({ idToken: issuer.token({ name }) })).user;
    const { displayName } = await shown(`\u202e admin1\u0000 ${'😀'.repeat(40)}`);
    expect(displayName).toBe(`admin1 ${'😀'.repeat(26)}`);
    const invisible = await shown('\u200b\u2066');
    expect(invisible.displayName).toBe(invisible.username);
  });

  it.each<[string, (token: OpenIdIssuer) => string]>([
    ['another audience', (own) => own.token({ aud: 'other.apps.example' })],
    ['a list of audiences', (own) => own.token({ aud: [OpenIdIssuer.clientId, 'other'] })],
    ['another issuer', (own) => own.token({ iss: 'https://accounts.evil.example' })],
    ['another key under the same id', (own) => own.token({}, newKey().privateKey)],
    ['an expired time', (own) => own.token({ iat: nowSec() - 7_200, exp: nowSec() - 3_600 })],
    ['a time to come', (own) => own.token({ iat: nowSec() + 3_600, exp: nowSec() + 7_000 })],
    ['a life far too long', (own) => own.token({ exp: nowSec() + 40 * 24 * 3_600 })],
    ['no subject', (own) => own.token({ sub: '' })],
    ['no signature', (own) => `${encode({ alg: 'none', kid: own.keyId })}.${encode(own.claims())}.`],
    ['a changed payload', (own) => own.token().replace(/\.[^.]+\./, `.${encode(own.claims())}.`)],
    [
      'the public key as a secret',
      (own) => {
        const signed = `${encode({ alg: 'HS256', kid: own.keyId })}.${encode(own.claims())}`;
        return `${signed}.${createHmac('sha256', own.publicPem).update(signed).digest('base64url')}`;
      },
    ],
    ['an unknown key id', (own) => `${encode({ alg: 'RS256', kid: '__proto__' })}.${encode(own.claims())}.x`],
    ['nonsense', () => 'this is no token at all'],
  ])('is refused with %s', async (_, token) => {
    const idToken = token(issuer);
    expect(refusalOf(await signIn(idToken))).toBe('401 token_invalid');
    expect(backend.log).not.toContain(idToken);
  });

  it('is refused to strangers, and bad input is named', async () => {
    const body = { idToken: 7 };
    expect(refusalOf(await api.ask('POST', '/api/v1/auth/google', { body }))).toBe('422 validation_failed');
    const claims = issuer.claims();
    const { user } = await api.client.auth.google({ idToken: issuer.token(claims) });
    await backend.database.user.update({ where: { id: user.id }, data: { bannedAt: new Date() } });
    expect(refusalOf(await signIn(issuer.token(claims)))).toBe('403 account_banned');
    const without = await backend.startApi();
    expect(refusalOf(await signIn(issuer.token(), without))).toBe('404 not_found');
  });
});

describe('an address that Google names', () => {
  it.each([
    ['403 email_not_verified', { email_verified: false }],
    ['403 email_not_verified', { email_verified: undefined }],
    ['403 email_not_verified', { email: undefined }],
    ['401 token_invalid', { email_verified: 'no' }],
  ])('makes no account unless it is verified: %s for %j', async (expected, change) => {
    expect(refusalOf(await signIn(issuer.token(change)))).toBe(expected);
  });

  it('does not open the account that somebody registered with it', async () => {
    const { user, client } = await api.register();
    const claims = issuer.claims({ email: user.email?.toUpperCase() });
    expect(refusalOf(await signIn(issuer.token(claims)))).toBe('409 link_required');
    const linked = await client.account.linkGoogle({ idToken: issuer.token(claims) });
    expect(linked).toMatchObject({ hasGoogle: true, emailVerified: true });
    expect((await api.client.auth.google({ idToken: issuer.token(claims) })).user.id).toBe(user.id);
  });
});

describe('a linked Google account', () => {
  it('belongs to one account alone, also when two ask at once', async () => {
    const [one, two] = [await api.register(), await api.register()];
    const idToken = issuer.token();
    const asked = await Promise.allSettled(
      [one, two].map(({ client }) => client.account.linkGoogle({ idToken })),
    );
    expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = asked[0]?.status === 'fulfilled' ? one : two;
    const loser = winner === one ? two : one;
    await expect(loser.client.account.linkGoogle({ idToken })).rejects.toMatchObject({
      code: 'already_taken',
    });
    // Twice is as good as once; another one needs the first to go.
    expect((await winner.client.account.linkGoogle({ idToken })).hasGoogle).toBe(true);
    const other = winner.client.account.linkGoogle({ idToken: issuer.token() });
    await expect(other).rejects.toMatchObject({ code: 'already_taken', status: 409 });
    expect((await winner.client.account.unlinkGoogle()).hasGoogle).toBe(false);
    expect((await winner.client.account.unlinkGoogle()).hasGoogle).toBe(false);
    expect((await loser.client.account.linkGoogle({ idToken })).hasGoogle).toBe(true);
  });

  it('stays while it is the only way in', async () => {
    const { accessToken } = await api.client.auth.google({ idToken: issuer.token() });
    const client = api.clientOf(accessToken);
    await expect(client.account.unlinkGoogle()).rejects.toMatchObject({ code: 'last_way_in', status: 409 });
    await client.auth.changePassword({ newPassword: 'long enough password' });
    expect((await client.account.unlinkGoogle()).hasGoogle).toBe(false);
  });

  it('and a phone number are not both given up, also when both are at once', async () => {
    for (let round = 0; round < 3; round++) {
      const { user, accessToken: token } = await api.client.auth.google({ idToken: issuer.token() });
      const [where, data] = [{ id: user.id }, { phone: `+96650111330${round}` }];
      await backend.database.user.update({ where, data });
      const answers = await Promise.all(
        ['phone', 'google'].map((way) => api.ask('DELETE', `/api/v1/account/${way}`, { token })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      const { phone, googleSubject } = await backend.database.user.findUniqueOrThrow({ where });
      expect([phone, googleSubject].filter((one) => one !== null)).toHaveLength(1);
    }
  });

  it('is linked soon after signing in alone', async () => {
    const { user, client } = await api.register();
    const createdAt = new Date(Date.now() - 16 * 60_000);
    await backend.database.signIn.updateMany({ where: { userId: user.id }, data: { createdAt } });
    const late = client.account.linkGoogle({ idToken: issuer.token() });
    await expect(late).rejects.toMatchObject({ code: 'reauthentication_required' });
  });

  it('is unlinked soon after signing in alone', async () => {
    const { user, client } = await api.register();
    await client.account.linkGoogle({ idToken: issuer.token() });
    const createdAt = new Date(Date.now() - 16 * 60_000);
    await backend.database.signIn.updateMany({ where: { userId: user.id }, data: { createdAt } });
    const late = client.account.unlinkGoogle();
    await expect(late).rejects.toMatchObject({ code: 'reauthentication_required', status: 403 });
    expect((await client.auth.me()).hasGoogle).toBe(true);
  });
});

describe('the keys of the issuer', () => {
  it('are asked for once, and again when it has new ones', async () => {
    const fresh = await backend.startApi(issuer.environment);
    const before = issuer.asked;
    const answers = await Promise.all([1, 2, 3].map(() => signIn(issuer.token(), fresh)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(issuer.asked).toBe(before + 1);
    // Tokens with made-up keys don't make us ask each time.
    const forged = `${encode({ alg: 'RS256', kid: 'made-up' })}.${encode(issuer.claims())}.x`;
    for (let count = 0; count < 3; count++) {
      expect(refusalOf(await signIn(forged, fresh))).toBe('401 token_invalid');
    }
    expect(issuer.asked).toBe(before + 1);
    issuer.changeKey();
    const restarted = await backend.startApi(issuer.environment);
    expect((await signIn(issuer.token(), restarted)).status).toBe(200);
  });

  it.each([
    ['an error', { status: 500, body: '{}' }],
    ['nonsense', { status: 200, body: '<html>' }],
    ['too much', { status: 200, body: JSON.stringify({ keys: [], filler: 'x'.repeat(200_000) }) }],
  ])('let nobody in when the answer is %s, until it is well again', async (_, broken) => {
    const fresh = await backend.startApi(issuer.environment);
    issuer.broken = broken;
    try {
      expect(refusalOf(await signIn(issuer.token(), fresh))).toBe('503 unavailable');
    } finally {
      issuer.broken = undefined;
    }
    expect((await signIn(issuer.token(), fresh)).status).toBe(200);
  });
});
