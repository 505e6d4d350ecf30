import { waitUntil } from '@maydan/infra';
import { SmtpInbox } from '../testing/SmtpInbox.ts';
import { refusalOf, type Account, type Answer, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let inbox: SmtpInbox;
let api: TestApi;

beforeAll(async () => {
  [backend, inbox] = await Promise.all([TestBackend.start(), SmtpInbox.start()]);
  api = await backend.startApi({ ...inbox.environment, EMAIL_CODES_PER_ADDRESS: '1000' });
});
afterAll(async () => {
  await backend?.close();
  await inbox?.close();
});

const ask = ({ accessToken: token }: Account, body: object = {}, to: TestApi = api): Promise<Answer> =>
  to.ask('POST', '/api/v1/account/email/code', { token, body });
const prove = ({ accessToken: token }: Account, email: string, code: string): Promise<Answer> =>
  api.ask('POST', '/api/v1/account/email', { token, body: { email, code } });
const emailOf = ({ user }: Account): string => user.email ?? '';
const wrongCode = (email: string): string =>
  String((Number(inbox.codeFor(email)) + 1) % 1_000_000).padStart(6, '0');

/** Sends a code as if the last one had been sent long ago. */
async function codeFor(account: Account, email = emailOf(account)): Promise<string> {
  await backend.database.emailCode.deleteMany({ where: { userId: account.user.id } });
  expect((await ask(account, { email })).status).toBe(200);
  return inbox.codeFor(email);
}

describe('an email address', () => {
  it('is proved by its code, and finds its owner only then', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    expect(ann.user.emailVerified).toBe(false);
    await ann.client.account.update({ privacy: { foundByEmail: true } });
    const found = async () =>
      (await bob.client.people.search({ query: emailOf(ann) })).items.map(({ id }) => id);
    expect(await found()).toEqual([]);
    expect((await ask(ann)).body).toEqual({ expiresInSec: 900, resendAfterSec: 60 });
    const answer = await prove(ann, emailOf(ann).toUpperCase(), inbox.codeFor(emailOf(ann)));
    expect(answer.body).toMatchObject({ email: emailOf(ann), emailVerified: true });
    expect(await found()).toEqual([ann.user.id]);
    expect(refusalOf(await ask(ann))).toBe('409 conflict');
  });

  it('is changed by its code soon after signing in', async () => {
    const ann = await api.register();
    const email = `new.${ann.user.username}@example.org`;
    const code = await codeFor(ann, email);
    const where = { userId: ann.user.id };
    const age = (ms: number) =>
      backend.database.signIn.updateMany({ where, data: { createdAt: new Date(Date.now() - ms) } });
    await age(16 * 60_000);
    expect(refusalOf(await prove(ann, email, code))).toBe('403 reauthentication_required');
    // One that stays is proved at any time.
    expect((await prove(ann, emailOf(ann), await codeFor(ann))).status).toBe(200);
    await age(0);
    expect((await prove(ann, email, await codeFor(ann, email))).body).toMatchObject({
      email,
      emailVerified: true,
    });
    const again = await api.client.auth.login({ login: email, password: ann.password });
    expect(again.user.id).toBe(ann.user.id);
  });

  it('goes to who has proved it, also at once; who only wrote it down keeps the account', async () => {
    const [squatter, one, two] = (await api.people(3)) as [Account, Account, Account];
    const email = emailOf(squatter);
    const codes = [await codeFor(one, email), await codeFor(two, email)];
    const answers = await Promise.all([prove(one, email, codes[0]!), prove(two, email, codes[1]!)]);
    const said = answers.map((answer) => (answer.status === 200 ? 'mine' : refusalOf(answer)));
    expect(said.sort()).toEqual(['409 already_taken', 'mine']);
    const { username: login } = squatter.user;
    const left = await api.client.auth.login({ login, password: squatter.password });
    expect(left.user).toMatchObject({ email: null, emailVerified: false });
    expect(refusalOf(await ask(squatter))).toBe('422 validation_failed');
    expect(refusalOf(await prove(squatter, email, await codeFor(squatter, email)))).toBe('409 already_taken');
  });

  it('is answered for alike, whoever has it', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const asked = [await ask(ann, { email: emailOf(bob) }), await ask(bob, { email: 'nobody@example.org' })];
    expect(asked.map(({ status }) => status)).toEqual([200, 200]);
    expect(asked[0]?.body).toEqual(asked[1]?.body);
    expect(refusalOf(await prove(ann, emailOf(bob), wrongCode(emailOf(bob))))).toBe('401 code_invalid');
  });

  it.each(['nobody', 'a@b', 'a@b.example\r\nbcc: c@d.example', ''])('is not %j', async (email) => {
    const ann = await api.register();
    expect(refusalOf(await ask(ann, { email }))).toBe('422 validation_failed');
    expect(refusalOf(await prove(ann, email, '123456'))).toBe('422 validation_failed');
  });
});

describe('a code by mail', () => {
  it('works once, for its account and address alone', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const code = await codeFor(ann);
    expect(refusalOf(await prove(bob, emailOf(ann), code))).toBe('401 code_invalid');
    expect(refusalOf(await prove(ann, 'other@example.org', code))).toBe('401 code_invalid');
    const answers = await Promise.all([1, 2, 3].map(() => prove(ann, emailOf(ann), code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expect(refusalOf(await prove(ann, emailOf(ann), '12345'))).toBe('422 validation_failed');
  });

  it('can be tried five times, however many at once, and guesses are counted over all codes', async () => {
    const ann = await api.register();
    const email = emailOf(ann);
    const code = await codeFor(ann);
    const guesses = await Promise.all([1, 2, 3, 4, 5].map(() => prove(ann, email, wrongCode(email))));
    expect(guesses.map(refusalOf)).toEqual(Array(5).fill('401 code_invalid'));
    expect(refusalOf(await prove(ann, email, code))).toBe('401 code_invalid');
    for (let guess = 0; guess < 9; guess++) await prove(ann, email, wrongCode(email));
    expect(refusalOf(await prove(ann, email, await codeFor(ann)))).toBe('429 rate_limited');
  });

  it('is sent once a minute, and so often to an account, a mailbox and for an address', async () => {
    const ann = await api.register();
    const answers = await Promise.all([1, 2, 3].map(() => ask(ann)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
    expect(inbox.mails.filter(({ to }) => to === emailOf(ann))).toHaveLength(1);
    expect(refusalOf(await ask(ann))).toBe('429 rate_limited');
    const often = await api.register();
    for (let count = 0; count < 5; count++) await codeFor(often);
    await backend.database.emailCode.deleteMany({ where: { userId: often.user.id } });
    expect(refusalOf(await ask(often))).toBe('429 rate_limited');
    const strict = await backend.startApi({
      ...inbox.environment,
      EMAIL_CODES_PER_ADDRESS: '1',
      TRUST_PROXY: 'loopback',
    });
    const [one, two] = (await api.people(2)) as [Account, Account];
    const from = ({ accessToken: token }: Account, address: string) =>
      strict.ask('POST', '/api/v1/account/email/code', {
        token,
        body: {},
        headers: { 'x-forwarded-for': address },
      });
    expect((await from(one, '192.0.2.7')).status).toBe(200);
    expect(refusalOf(await from(two, '192.0.2.7'))).toBe('429 rate_limited');
    expect((await from(two, '192.0.2.8')).status).toBe(200);
  });

  it('can be asked for again at once when the server failed', async () => {
    const ann = await api.register();
    inbox.refuses = true;
    try {
      expect(refusalOf(await ask(ann))).toBe('503 unavailable');
    } finally {
      inbox.refuses = false;
    }
    expect((await ask(ann)).status).toBe(200);
  });

  it('expires, is forgotten by the hourly round, and is stored and logged nowhere', async () => {
    const ann = await api.register();
    const code = await codeFor(ann);
    const where = { userId: ann.user.id };
    const stored = await backend.database.emailCode.findUnique({ where });
    expect(stored?.codeHash).toMatch(/^[0-9a-f]{64}$/);
    await backend.database.emailCode.update({ where, data: { expiresAt: new Date(Date.now() - 1_000) } });
    expect(refusalOf(await prove(ann, emailOf(ann), code))).toBe('401 code_invalid');
    const many = { EMAIL_CODES_PER_ADDRESS: '1000' };
    const without = await backend.startApi(many);
    await waitUntil(
      'the sweep',
      async () => (await backend.database.emailCode.count({ where })) === 0,
      60_000,
    );
    expect((await ask(ann, {}, without)).status).toBe(200);
    expect(backend.log).toContain('there is no server for it');
    expect(backend.log).not.toContain(`Maydan: ${code}`);
    const development = await backend.startApi({ ...many, NODE_ENV: 'development' });
    expect((await ask(await api.register(), {}, development)).status).toBe(200);
    expect(backend.log).toMatch(/Maydan: \d{6}/);
  });
});
