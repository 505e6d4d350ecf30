import { errorBody, recoveryCodes, secondFactorChallenge } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { Secret, TOTP } from 'otpauth';
import { OpenIdIssuer } from '../testing/OpenIdIssuer.ts';
import { SmsGateway } from '../testing/SmsGateway.ts';
import { refusalOf, type Account, type Answer, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let issuer: OpenIdIssuer;
let gateway: SmsGateway;
let api: TestApi;

beforeAll(async () => {
  [backend, issuer, gateway] = await Promise.all([
    TestBackend.start(),
    OpenIdIssuer.start(),
    SmsGateway.start(),
  ]);
  api = await backend.startApi({ ...issuer.environment, ...gateway.environment });
});
afterAll(async () => {
  await backend?.close();
  await issuer?.close();
  await gateway?.close();
});

/** What an authenticator app shows. */
const codeOf = (secret: string): string => new TOTP({ secret: Secret.fromBase32(secret) }).generate();
const wrong = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
const base = '/api/v1/account/second-factor';
const post = (path: string, body: object, account?: Account, to: TestApi = api): Promise<Answer> =>
  to.ask('POST', path, { body, ...(account === undefined ? {} : { token: account.accessToken }) });

interface Enrolled {
  readonly account: Account;
  readonly secret: string;
  readonly recoveryCodes: string[];
}

/** As if no code had been used lately. */
const forgetSteps = ({ account }: Enrolled) =>
  backend.database.secondFactor.update({ where: { userId: account.user.id }, data: { lastStep: 0 } });

async function enrol(account: Account): Promise<Enrolled> {
  const { secret } = await account.client.secondFactor.begin({ password: account.password });
  const { recoveryCodes } = await account.client.secondFactor.confirm({ code: codeOf(secret) });
  const enrolled = { account, secret, recoveryCodes };
  await forgetSteps(enrolled);
  return enrolled;
}

const login = ({ account }: Enrolled, to: TestApi = api): Promise<Answer> =>
  post('/api/v1/auth/login', { login: account.user.username, password: account.password }, undefined, to);
function challengeOf(answer: Answer): string {
  expect(refusalOf(answer)).toBe('401 second_factor_required');
  const { details } = errorBody.parse(answer.body).error;
  expect(secondFactorChallenge.parse(details).expiresInSec).toBe(300);
  return secondFactorChallenge.parse(details).challenge;
}
const goOn = (challenge: string, code: string, to: TestApi = api): Promise<Answer> =>
  post('/api/v1/auth/second-factor', { challenge, code }, undefined, to);

describe('turning a second factor on', () => {
  it('takes the password and a code of the app, and shows secret and recovery codes once', async () => {
    const account = await api.register();
    expect(account.user.hasSecondFactor).toBe(false);
    expect(refusalOf(await post(base, {}))).toBe('401 unauthenticated');
    expect(refusalOf(await post(base, { password: 'not-mine' }, account))).toBe('401 invalid_credentials');
    expect(refusalOf(await post(`${base}/confirm`, { code: '123456' }, account))).toBe('409 conflict');
    const first = await account.client.secondFactor.begin({ password: account.password });
    const { secret, uri } = await account.client.secondFactor.begin({ password: account.password });
    expect(uri).toContain(`secret=${secret}`);
    expect(secret).not.toBe(first.secret);
    for (const code of [wrong(codeOf(secret)), codeOf(first.secret), 'abcdef']) {
      expect(refusalOf(await post(`${base}/confirm`, { code }, account))).toBe('401 code_invalid');
    }
    expect(refusalOf(await post(`${base}/confirm`, { code: '12' }, account))).toBe('422 validation_failed');
    // As an Arabic keyboard has the digits.
    const typed = codeOf(secret).replace(/\d/g, (digit) => '٠١٢٣٤٥٦٧٨٩'[Number(digit)]!);
    const { recoveryCodes } = await account.client.secondFactor.confirm({ code: typed });
    expect(new Set(recoveryCodes).size).toBe(10);
    for (const code of recoveryCodes) expect(code).toMatch(/^[a-z0-9]{5}-[a-z0-9]{5}$/);
    expect((await account.client.auth.me()).hasSecondFactor).toBe(true);
    const again = await post(base, { password: account.password }, account);
    expect(refusalOf(again)).toBe('409 conflict');
    const userId = account.user.id;
    const stored = JSON.stringify([
      await backend.database.secondFactor.findUnique({ where: { userId } }),
      await backend.database.recoveryCode.findMany({ where: { userId } }),
    ]);
    for (const text of [secret, ...recoveryCodes]) {
      expect(stored).not.toContain(text);
      expect(backend.log).not.toContain(text);
    }
  });

  it('happens once when it is confirmed by two requests at once', async () => {
    const account = await api.register();
    const { secret } = await account.client.secondFactor.begin({ password: account.password });
    const code = codeOf(secret);
    const answers = await Promise.all([1, 2, 3].map(() => post(`${base}/confirm`, { code }, account)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(await backend.database.recoveryCode.count({ where: { userId: account.user.id } })).toBe(10);
  });
});

describe('signing in with a second factor', () => {
  it('is answered with a challenge after the right password alone, and goes on with a code', async () => {
    const enrolled = await enrol(await api.register());
    const { account, secret } = enrolled;
    const { username } = account.user;
    const refused = await post('/api/v1/auth/login', { login: username, password: 'wrong-password' });
    expect(refusalOf(refused)).toBe('401 invalid_credentials');
    const challenge = challengeOf(await login(enrolled));
    expect(refusalOf(await goOn(challenge, wrong(codeOf(secret))))).toBe('401 code_invalid');
    const code = codeOf(secret);
    const signedIn = await api.client.secondFactor.signIn({ challenge, code, deviceName: 'phone' });
    expect(signedIn.user).toMatchObject({ username, hasSecondFactor: true });
    const { items } = await api.clientOf(signedIn.accessToken).auth.listSignIns();
    expect(items.find(({ current }) => current)?.deviceName).toBe('phone');
    // The same code again, in the same sign-in and in another one.
    expect(refusalOf(await goOn(challenge, code))).toBe('401 code_invalid');
    expect(refusalOf(await goOn(challengeOf(await login(enrolled)), code))).toBe('401 code_invalid');
    expect((await api.client.auth.refresh({ refreshToken: signedIn.refreshToken })).accessToken).toBeTruthy();
  });

  it('takes each code once, also by many at once, and each recovery code once', async () => {
    const enrolled = await enrol(await api.register());
    const challenge = challengeOf(await login(enrolled));
    for (const code of [codeOf(enrolled.secret), enrolled.recoveryCodes[0] ?? '']) {
      const answers = await Promise.all([1, 2, 3, 4].map(() => goOn(challenge, code)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
      expect(refusalOf(await goOn(challenge, code))).toBe('401 code_invalid');
    }
    const typed = enrolled.recoveryCodes[1]?.replace('-', ' ').toUpperCase() ?? '';
    expect((await goOn(challenge, typed)).status).toBe(200);
    const other = await enrol(await api.register());
    expect(refusalOf(await goOn(challenge, other.recoveryCodes[0] ?? ''))).toBe('401 code_invalid');
  });

  it('allows few guesses, over all challenges and processes', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => backend.startApi({ AUTH_FAILURES_PER_ACCOUNT: '4' })),
    );
    const enrolled = await enrol(await api.register());
    const bad = wrong(codeOf(enrolled.secret));
    const guess = async (to: TestApi) => goOn(challengeOf(await login(enrolled, to)), bad, to);
    const answers = [await guess(one!), await guess(two!), await guess(one!), await guess(two!)];
    expect(answers.map(refusalOf)).toEqual(Array.from({ length: 4 }, () => '401 code_invalid'));
    const challenge = challengeOf(await login(enrolled, one));
    expect(refusalOf(await goOn(challenge, codeOf(enrolled.secret), two))).toBe('429 rate_limited');
  });

  it('takes no challenge that was made up, is another token, or of an account that has changed', async () => {
    const enrolled = await enrol(await api.register());
    const { account, secret } = enrolled;
    const challenge = challengeOf(await login(enrolled));
    const code = codeOf(secret);
    for (const made of ['x'.repeat(40), `${challenge}x`, account.accessToken, account.refreshToken]) {
      expect(refusalOf(await goOn(made, code))).toBe('401 token_invalid');
    }
    expect(refusalOf(await api.ask('GET', '/api/v1/auth/me', { token: challenge }))).toBe(
      '401 token_invalid',
    );
    const change = { currentPassword: account.password, newPassword: 'another-password' };
    await account.client.auth.changePassword(change);
    expect(refusalOf(await goOn(challenge, code))).toBe('401 token_invalid');
    const fresh = challengeOf(
      await login({ ...enrolled, account: { ...account, password: 'another-password' } }),
    );
    const bannedAt = new Date();
    await backend.database.user.update({ where: { id: account.user.id }, data: { bannedAt } });
    expect(refusalOf(await goOn(fresh, code))).toBe('403 account_banned');
  });

  it('is asked for by Google and phone sign-in, too', async () => {
    const claims = issuer.claims();
    const idToken = issuer.token(claims);
    const google = await api.client.auth.google({ idToken });
    const account = { ...google, password: '', client: api.clientOf(google.accessToken) };
    const { secret } = await account.client.secondFactor.begin({});
    await account.client.secondFactor.confirm({ code: codeOf(secret) });
    const phone = '+966501239876';
    const phoneCode = async () => {
      await backend.database.phoneCode.deleteMany({ where: { phone } });
      await api.client.auth.sendPhoneCode({ phone });
      return gateway.codeFor(phone);
    };
    await account.client.account.setPhone({ phone, code: await phoneCode() });
    const answers = [
      await post('/api/v1/auth/google', { idToken: issuer.token(claims) }),
      await post('/api/v1/auth/otp/verify', { phone, code: await phoneCode() }),
    ];
    for (const answer of answers) {
      await forgetSteps({ account, secret, recoveryCodes: [] });
      expect((await goOn(challengeOf(answer), codeOf(secret))).status).toBe(200);
    }
  });
});

describe('new recovery codes', () => {
  it('take the place of the old ones, for whoever has password and code', async () => {
    const enrolled = await enrol(await api.register());
    const { account, secret, recoveryCodes: old } = enrolled;
    const renew = (body: object) => post(`${base}/recovery-codes`, body, account);
    const { password } = account;
    expect(refusalOf(await post(`${base}/recovery-codes`, { code: old[0] }))).toBe('401 unauthenticated');
    expect(refusalOf(await renew({ code: old[0] }))).toBe('401 invalid_credentials');
    expect(refusalOf(await renew({ password: 'not-mine', code: old[0] }))).toBe('401 invalid_credentials');
    expect(refusalOf(await renew({ password, code: wrong(codeOf(secret)) }))).toBe('401 code_invalid');
    expect(refusalOf(await renew({ password }))).toBe('422 validation_failed');
    // A recovery code proves it, too, once.
    const first = await account.client.secondFactor.renewRecoveryCodes({ password, code: old[0] ?? '' });
    expect(refusalOf(await renew({ password, code: old[1] }))).toBe('401 code_invalid');
    const codes = first.recoveryCodes.slice(0, 3);
    // The first one twice at once: it is good once at most.
    const answers = await Promise.all([...codes, codes[0]].map((code) => renew({ password, code })));
    expect([answers[0]?.status, answers[3]?.status]).toContain(401);
    const renewed = answers.flatMap(({ status, body }) =>
      status === 200 ? [recoveryCodes.parse(body)] : [],
    );
    expect(renewed.length).toBeGreaterThan(0);

    const where = { userId: account.user.id };
    expect(await backend.database.recoveryCode.count({ where })).toBe(10);
    const challenge = challengeOf(await login(enrolled));
    const good: string[] = [];
    for (const {
      recoveryCodes: [code = ''],
    } of [{ recoveryCodes: old.slice(2) }, first, ...renewed]) {
      if ((await goOn(challenge, code)).status === 200) good.push(code);
    }
    expect(good).toHaveLength(1);
    for (const code of [...old, ...first.recoveryCodes, ...good]) expect(backend.log).not.toContain(code);
  });

  it('are for who has a second factor', async () => {
    const account = await api.register();
    const body = { password: account.password, code: '123456' };
    expect(refusalOf(await post(`${base}/recovery-codes`, body, account))).toBe('409 conflict');
  });
});

describe('turning it off', () => {
  it('takes password and code; afterwards nothing is asked for, and nothing is left', async () => {
    const enrolled = await enrol(await api.register());
    const { account, secret } = enrolled;
    const off = (body: object) => post(`${base}/disable`, body, account);
    const { password } = account;
    const stale = challengeOf(await login(enrolled));
    expect(refusalOf(await off({ code: codeOf(secret) }))).toBe('401 invalid_credentials');
    expect(refusalOf(await off({ password: 'not-mine', code: codeOf(secret) }))).toBe(
      '401 invalid_credentials',
    );
    expect(refusalOf(await off({ password, code: wrong(codeOf(secret)) }))).toBe('401 code_invalid');
    expect(refusalOf(await off({ password }))).toBe('422 validation_failed');
    expect((await off({ password, code: enrolled.recoveryCodes[3] })).status).toBe(200);
    expect(refusalOf(await off({ password, code: codeOf(secret) }))).toBe('409 conflict');
    expect((await login(enrolled)).status).toBe(200);
    expect(refusalOf(await goOn(stale, codeOf(secret)))).toBe('401 token_invalid');
    const where = { userId: account.user.id };
    expect(await backend.database.secondFactor.count({ where })).toBe(0);
    expect(await backend.database.recoveryCode.count({ where })).toBe(0);
    expect((await enrol(account)).secret).not.toBe(secret);
  });

  it('is part of a deleted account', async () => {
    const { account } = await enrol(await api.register());
    await account.client.personalData.deleteAccount({ password: account.password });
    const where = { userId: account.user.id };
    await waitUntil(
      'the erasure',
      async () => (await backend.database.recoveryCode.count({ where })) === 0,
      60_000,
    );
    expect(await backend.database.secondFactor.count({ where })).toBe(0);
  });
});
