import { waitUntil } from '@maydan/infra';
import { SmsGateway } from '../testing/SmsGateway.ts';
import { refusalOf, type Answer, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let gateway: SmsGateway;
let api: TestApi;
let last = 1_000_000;

beforeAll(async () => {
  [backend, gateway] = await Promise.all([TestBackend.start(), SmsGateway.start()]);
  api = await backend.startApi({ ...gateway.environment, PHONE_CODES_PER_ADDRESS: '1000' });
});
afterAll(async () => {
  await backend?.close();
  await gateway?.close();
});

/** A number that no other test uses. */
const newPhone = (): string => `+96650${(last += 1)}`;
const send = (phone: string, to: TestApi = api): Promise<Answer> =>
  to.ask('POST', '/api/v1/auth/otp', { body: { phone } });
const verify = (phone: string, code: string): Promise<Answer> =>
  api.ask('POST', '/api/v1/auth/otp/verify', { body: { phone, code } });
const wrongCode = (phone: string): string =>
  String((Number(gateway.codeFor(phone)) + 1) % 1_000_000).padStart(6, '0');

/** Sends a code as if the last one had been sent long ago. */
async function codeFor(phone: string): Promise<string> {
  await backend.database.phoneCode.deleteMany({ where: { phone } });
  expect((await send(phone)).status).toBe(200);
  return gateway.codeFor(phone);
}

describe('a code by phone', () => {
  it('makes an account the first time and signs in to it afterwards', async () => {
    const phone = newPhone();
    const answer = await send(` ${phone.slice(0, 4)} ${phone.slice(4, 6)}-${phone.slice(6)}`);
    expect(answer.body).toEqual({ expiresInSec: 300, resendAfterSec: 60 });
    const first = await api.client.auth.verifyPhoneCode({ phone, code: gateway.codeFor(phone) });
    expect(first.user).toMatchObject({ phone, email: null, hasPassword: false });
    expect(first.user.username).toMatch(/^user_[a-z0-9]{6}$/);
    // As they are typed on an Arabic keyboard, and in a Persian one.
    for (const zero of ['٠', '۰']) {
      const typed = (text: string) =>
        text.replace(/\d/g, (digit) => String.fromCodePoint(zero.codePointAt(0)! + Number(digit)));
      const again = { phone: typed(phone), code: typed(await codeFor(phone)) };
      expect((await api.client.auth.verifyPhoneCode(again)).user).toEqual(first.user);
    }
    expect(gateway.requests.at(-1)).toMatchObject({
      authorization: 'Bearer the-gateways-token',
      body: { recipient: phone },
    });
    expect(gateway.requests.at(-1)?.body.message).toMatch(/^Maydan: \d{6}\n.*رمز/);
  });

  it('works once, also when it is used several times at once', async () => {
    const phone = newPhone();
    const code = await codeFor(phone);
    const answers = await Promise.all([1, 2, 3].map(() => verify(phone, code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expect(refusalOf(await verify(phone, code))).toBe('401 code_invalid');
  });

  it('can be tried five times, however many at once', async () => {
    const phone = newPhone();
    const code = await codeFor(phone);
    const guesses = await Promise.all([1, 2, 3, 4, 5].map(() => verify(phone, wrongCode(phone))));
    expect(guesses.map(refusalOf)).toEqual(Array(5).fill('401 code_invalid'));
    expect(refusalOf(await verify(phone, code))).toBe('401 code_invalid');
    expect((await verify(phone, await codeFor(phone))).status).toBe(200);
  });

  it('does not help to guess when many codes are asked for', async () => {
    const phone = newPhone();
    for (let round = 0; round < 3; round++) {
      await codeFor(phone);
      for (let guess = 0; guess < 5; guess++) await verify(phone, wrongCode(phone));
    }
    expect(refusalOf(await verify(phone, await codeFor(phone)))).toBe('429 rate_limited');
  });

  it('expires, and is forgotten by the hourly round', async () => {
    const phone = newPhone();
    const code = await codeFor(phone);
    const expiresAt = new Date(Date.now() - 1_000);
    await backend.database.phoneCode.update({ where: { phone }, data: { expiresAt } });
    expect(refusalOf(await verify(phone, code))).toBe('401 code_invalid');
    const kept = newPhone();
    await codeFor(kept);
    await backend.startApi();
    const count = (number: string) => backend.database.phoneCode.count({ where: { phone: number } });
    await waitUntil('the sweep', async () => (await count(phone)) === 0, 60_000);
    expect(await count(kept)).toBe(1);
  });

  it('is sent once a minute and five times an hour', async () => {
    const phone = newPhone();
    const answers = await Promise.all([1, 2, 3].map(() => send(phone)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
    const again = await send(phone);
    expect(refusalOf(again)).toBe('429 rate_limited');
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(30);
    expect(gateway.requests.filter(({ body }) => body.recipient === phone)).toHaveLength(1);
    const other = newPhone();
    for (let count = 0; count < 5; count++) await codeFor(other);
    await backend.database.phoneCode.deleteMany({ where: { phone: other } });
    expect(refusalOf(await send(other))).toBe('429 rate_limited');
  });

  it('can be had and tried by its owner, whatever strangers do elsewhere', async () => {
    const far = await backend.startApi({
      ...{ ...gateway.environment, PHONE_CODES_PER_ADDRESS: '1000', TRUST_PROXY: 'loopback' },
    });
    const ask = (path: string, address: string, body: object) =>
      far.ask('POST', path, { body, headers: { 'x-forwarded-for': address } });
    const phone = newPhone();
    const fresh = async (address: string): Promise<Answer> => {
      await backend.database.phoneCode.deleteMany({ where: { phone } });
      return ask('/api/v1/auth/otp', address, { phone });
    };
    const guess = (address: string, code: string) => ask('/api/v1/auth/otp/verify', address, { phone, code });
    const [home, ...strangers] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as const;
    await fresh(home);
    // Wrong guesses from elsewhere leave the owner theirs, also at once.
    const wrong = await Promise.all(Array.from({ length: 6 }, () => guess(strangers[0], wrongCode(phone))));
    expect(wrong.map(refusalOf)).toEqual(Array(6).fill('401 code_invalid'));
    expect((await guess(home, gateway.codeFor(phone))).status).toBe(200);
    // All strangers together have some more codes than one of them; who has proved the number has their own.
    const asked: string[] = [];
    for (const address of strangers) {
      for (let count = 0; count < 6; count++) {
        const answer = await fresh(address);
        asked.push(answer.status === 200 ? '200' : refusalOf(answer));
      }
    }
    expect(asked.filter((answer) => answer === '200').length).toBeLessThanOrEqual(10);
    expect(asked.slice(5, 6)).toEqual(['429 rate_limited']);
    expect(refusalOf(await fresh('192.0.2.4'))).toBe('429 rate_limited');
    expect((await fresh(home)).status).toBe(200);
    expect((await guess(home, gateway.codeFor(phone))).status).toBe(200);
  });

  it('is sent to so many numbers for an address', async () => {
    const strict = await backend.startApi({
      ...{ ...gateway.environment, PHONE_CODES_PER_ADDRESS: '2', TRUST_PROXY: 'loopback' },
    });
    const from = (address: string) =>
      strict.ask('POST', '/api/v1/auth/otp', {
        body: { phone: newPhone() },
        headers: { 'x-forwarded-for': address },
      });
    const statuses: number[] = [];
    for (let count = 0; count < 3; count++) statuses.push((await from('192.0.2.77')).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await from('192.0.2.78')).status).toBe(200);
  });

  it('is answered alike for numbers with an account, without one, and banned ones', async () => {
    const [known, unknown] = [newPhone(), newPhone()];
    const { user } = await api.client.auth.verifyPhoneCode({ phone: known, code: await codeFor(known) });
    await backend.database.user.update({ where: { id: user.id }, data: { bannedAt: new Date() } });
    const answers = await Promise.all([send(known), send(unknown)]);
    expect(answers[0]?.body).toEqual(answers[1]?.body);
    const refusals = await Promise.all([known, unknown].map((phone) => verify(phone, wrongCode(phone))));
    expect(refusals.map(refusalOf)).toEqual(['401 code_invalid', '401 code_invalid']);
    expect(refusalOf(await verify(newPhone(), '123456'))).toBe('401 code_invalid');
    expect(refusalOf(await verify(known, gateway.codeFor(known)))).toBe('403 account_banned');
  });

  it.each(['0501234567', '+966', '+999123456789', 'nonsense'])('is not sent to %s', async (phone) => {
    expect(refusalOf(await send(phone))).toBe('422 validation_failed');
    expect(refusalOf(await verify(phone, '123456'))).toBe('422 validation_failed');
  });

  it.each(['12345', '1234567', 'abcdef', ''])('is not %j', async (code) => {
    expect(refusalOf(await verify(newPhone(), code))).toBe('422 validation_failed');
  });

  it('can be asked for again at once when the gateway failed', async () => {
    const phone = newPhone();
    gateway.status = 500;
    try {
      expect(refusalOf(await send(phone))).toBe('503 unavailable');
    } finally {
      gateway.status = 202;
    }
    expect((await send(phone)).status).toBe(200);
  });

  it('is stored and logged nowhere', async () => {
    const phone = newPhone();
    const code = await codeFor(phone);
    const stored = await backend.database.phoneCode.findUnique({ where: { phone } });
    expect(stored?.codeHash).toMatch(/^[0-9a-f]{64}$/);
    expect(backend.log).not.toContain(`Maydan: ${code}`);
    const many = { PHONE_CODES_PER_ADDRESS: '1000' };
    const without = await backend.startApi(many);
    expect((await send(newPhone(), without)).status).toBe(200);
    expect(backend.log).toContain('there is no gateway');
    expect(backend.log).not.toMatch(/Maydan: \d{6}/);
    expect(backend.log).not.toContain('the-gateways-token');
    const development = await backend.startApi({ ...many, NODE_ENV: 'development' });
    expect((await send(newPhone(), development)).status).toBe(200);
    expect(backend.log).toMatch(/Maydan: \d{6}/);
  });
});

describe('a phone number', () => {
  it('is taken by its code and signs in from then on', async () => {
    const { user, client } = await api.register();
    const phone = newPhone();
    const wrong = client.account.setPhone({ phone, code: '000000' });
    await expect(wrong).rejects.toMatchObject({ code: 'code_invalid', status: 401 });
    expect((await client.account.setPhone({ phone, code: await codeFor(phone) })).phone).toBe(phone);
    const again = await api.client.auth.verifyPhoneCode({ phone, code: await codeFor(phone) });
    expect(again.user.id).toBe(user.id);
    expect((await client.account.removePhone()).phone).toBeNull();
    expect((await client.account.removePhone()).phone).toBeNull();
  });

  it('belongs to one account, and stays while it is the only way in', async () => {
    const phone = newPhone();
    const owner = await api.client.auth.verifyPhoneCode({ phone, code: await codeFor(phone) });
    const { client } = await api.register();
    const taken = client.account.setPhone({ phone, code: await codeFor(phone) });
    await expect(taken).rejects.toMatchObject({ code: 'already_taken', status: 409 });
    const removal = api.clientOf(owner.accessToken).account.removePhone();
    await expect(removal).rejects.toMatchObject({ code: 'last_way_in', status: 409 });
  });

  it('is one person’s, when two take it at once with its code', async () => {
    const people = await api.people(2);
    const phone = newPhone();
    const body = { phone, code: await codeFor(phone) };
    const answers = await Promise.all(
      people.map(({ accessToken: token }) => api.ask('POST', '/api/v1/account/phone', { token, body })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    const owned = await Promise.all(people.map(async ({ client }) => (await client.auth.me()).phone));
    expect(owned).toEqual(answers.map(({ status }) => (status === 200 ? phone : null)));
  });

  it('is not taken with a token that was stolen long after the sign-in', async () => {
    const { user, client } = await api.register();
    const createdAt = new Date(Date.now() - 16 * 60_000);
    await backend.database.signIn.updateMany({ where: { userId: user.id }, data: { createdAt } });
    const phone = newPhone();
    const late = client.account.setPhone({ phone, code: await codeFor(phone) });
    await expect(late).rejects.toMatchObject({ code: 'reauthentication_required' });
  });

  it('is not removed with a token that was stolen long after the sign-in', async () => {
    const { user, client } = await api.register();
    const phone = newPhone();
    await client.account.setPhone({ phone, code: await codeFor(phone) });
    const createdAt = new Date(Date.now() - 16 * 60_000);
    await backend.database.signIn.updateMany({ where: { userId: user.id }, data: { createdAt } });
    const late = client.account.removePhone();
    await expect(late).rejects.toMatchObject({ code: 'reauthentication_required', status: 403 });
    expect((await client.auth.me()).phone).toBe(phone);
  });
});
