import { randomUUID } from 'node:crypto';
import { contract, errorBody } from '@maydan/contracts';
import { isContractProcedure, type AnyContractRouter } from '@orpc/contract';
import { z } from 'zod';
import { idOf, refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let admin: Account;
let pair: [Account, Account];

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ CONVERSATION_RATE_PER_USER: '1000', PEOPLE_RATE_PER_USER: '1000' });
  pair = (await api.people(2)) as [Account, Account];
  admin = await api.register();
  await backend.giveRole(admin, 'admin');
});
afterAll(() => backend?.close());

interface Described {
  readonly method: string;
  readonly path: string;
  /** What it takes beside the ids of its path. */
  readonly fields: readonly string[];
}

/** All routes of the contract that take something. */
function routes(router: AnyContractRouter = contract): Described[] {
  if (!isContractProcedure(router)) return Object.values(router).flatMap((part) => routes(part));
  const { route, inputSchema } = router['~orpc'];
  const { method, path, inputStructure } = route;
  const shape: Readonly<Record<string, unknown>> =
    inputSchema instanceof z.ZodObject ? inputSchema.shape : {};
  const input = inputStructure === 'detailed' ? shape['body'] : inputSchema;
  if (method === undefined || path === undefined || !(input instanceof z.ZodObject)) return [];
  const fields = Object.keys(input.shape).filter((name) => !path.includes(`{${name}}`));
  return fields.length === 0 ? [] : [{ method, path, fields }];
}

const id = '0192f0c1-0000-7000-8000-000000000001';
const ask = (method: string, path: string, body?: object, { accessToken: token } = admin) =>
  api.ask(method, `/api/v1${path.replaceAll(/\{\w+\}/g, id)}`, {
    ...{ token, body },
    headers: { 'idempotency-key': id },
  });

describe('each route', () => {
  const withBody = routes().filter(({ method }) => method !== 'GET');
  const withQuery = routes().filter(({ method, fields }) => method === 'GET' && fields.includes('limit'));

  it('refuses fields of other types, and says which', async () => {
    expect(withBody.length).toBeGreaterThan(40);
    const wrong: string[] = [];
    for (const { method, path, fields } of withBody) {
      // Neither a text, number, object nor truth value, nor a list of those.
      const answer = await ask(method, path, Object.fromEntries(fields.map((name) => [name, [[]]])));
      const said = answer.status < 400 ? String(answer.status) : refusalOf(answer);
      if (said !== '422 validation_failed') wrong.push(`${method} ${path}: ${said}`);
      else if (!namesOne(answer.body, fields))
        wrong.push(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    }
    expect(wrong).toEqual([]);
  });

  it('never fails over a text with U+0000 in it, which no text of PostgreSQL can have', async () => {
    const text = 'a\u0000b';
    const failed: string[] = [];
    const look = async (method: string, path: string, body?: object) => {
      const { status } = await ask(method, path, body);
      if (status >= 500) failed.push(`${method} ${path} ${JSON.stringify(body)}: ${status}`);
    };
    for (const { method, path, fields } of routes()) {
      if (method !== 'GET') await look(method, path, Object.fromEntries(fields.map((name) => [name, text])));
      else for (const name of fields) await look(method, `${path}?${name}=${encodeURIComponent(text)}`);
    }
    for (const path of ['/users/by-name', '/channels']) await look('GET', `${path}/a%00b`);
    await look('POST', '/auth/login', { login: text, password: 'some-password' });
    expect(failed).toEqual([]);
    const found = await ask('GET', `/users/search?query=${encodeURIComponent(text)}`);
    expect(refusalOf(found)).toBe('422 validation_failed');
  });

  it('that lists refuses pages that are too long, or none', async () => {
    expect(withQuery.length).toBeGreaterThan(15);
    const wrong: string[] = [];
    for (const { method, path } of withQuery) {
      for (const limit of ['0', '100000', 'many']) {
        const answer = await ask(method, `${path}?limit=${limit}`);
        const said = answer.status < 400 ? String(answer.status) : refusalOf(answer);
        if (said !== '422 validation_failed') wrong.push(`${path} ${limit}: ${said}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

interface Repeated {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  /** What else than success may be said to those who come second. */
  readonly late?: readonly string[];
  /** What has become of it, however often it was asked. */
  readonly outcome: () => Promise<unknown>;
  readonly expected: unknown;
}

/** Who asks, with somebody else, and a group of the two with a message of each. */
interface Scene {
  readonly me: Account;
  readonly other: Account;
  readonly group: string;
  readonly message: string;
  readonly channel: string;
}

async function scene(): Promise<Scene> {
  const [me, other] = pair;
  const memberIds = [other.user.id];
  const group = (await me.client.conversations.create({ kind: 'group', name: 'us', memberIds })).id;
  const message = (await me.client.messages.send({ id: group, tempId: randomUUID(), text: 'hello' })).id;
  const channel = (await other.client.conversations.create({ kind: 'publicChannel', name: 'all' })).id;
  await me.client.people.follow(idOf(other));
  return { me, other, group, message, channel };
}

const cases: Record<string, (scene: Scene) => Repeated | Promise<Repeated>> = {
  'signing out': async ({ me }) => {
    const { username: login } = me.user;
    const { refreshToken, accessToken: token } = await api.client.auth.login({
      login,
      password: me.password,
    });
    const outcome = async () => refusalOf(await api.ask('GET', '/api/v1/auth/me', { token }));
    const expected = '401 token_invalid';
    return { method: 'POST', path: '/auth/logout', body: { refreshToken }, outcome, expected };
  },
  'signing a device out': async ({ me }) => {
    const data = { userId: me.user.id, expiresAt: new Date(Date.now() + 3_600_000) };
    const device = await backend.database.signIn.create({ data });
    const listed = async () => (await me.client.auth.listSignIns()).items.length;
    return { method: 'DELETE', path: `/auth/sign-ins/${device.id}`, outcome: listed, expected: 1 };
  },
  'signing all other devices out': async ({ me }) => {
    const data = { userId: me.user.id, expiresAt: new Date(Date.now() + 3_600_000) };
    await backend.database.signIn.createMany({ data: [data, data] });
    const listed = async () => (await me.client.auth.listSignIns()).items.length;
    return { method: 'DELETE', path: '/auth/sign-ins', outcome: listed, expected: 1 };
  },
  'a change of the account': ({ me }) => ({
    ...{ method: 'PATCH', path: '/account', body: { bio: 'me', privacy: { messagesFrom: 'nobody' } } },
    outcome: () => me.client.auth.me(),
    expected: { bio: 'me', privacy: { messagesFrom: 'nobody', presenceFor: 'everyone' } },
  }),
  'a subscriber': ({ me, other }) => ({
    ...{ method: 'PUT', path: `/me/subscribers/${other.user.id}`, body: {} },
    outcome: async () => (await me.client.subscribers.list({})).items.length,
    expected: 1,
  }),
  'a contact': ({ me, other }) => ({
    ...{ method: 'POST', path: `/users/${other.user.id}/contact` },
    outcome: async () => (await me.client.people.contacts({})).items.length,
    expected: 1,
  }),
  'following no more': ({ me, other }) => ({
    ...{ method: 'DELETE', path: `/users/${other.user.id}/follow` },
    outcome: async () => (await me.client.people.get(idOf(other))).followers,
    expected: 0,
  }),
  'settings of a group': ({ me, group }) => ({
    ...{ method: 'PATCH', path: `/conversations/${group}`, body: { name: 'we' } },
    outcome: () => me.client.conversations.get({ id: group }),
    expected: { name: 'we', memberCount: 2 },
  }),
  'a role in a group': ({ other, group }) => ({
    ...{ method: 'PATCH', path: `/conversations/${group}/members/${other.user.id}`, body: { role: 'admin' } },
    outcome: () => other.client.conversations.get({ id: group }),
    expected: { membership: { role: 'admin' } },
  }),
  'removing somebody from a group': ({ me, other, group }) => ({
    ...{ method: 'DELETE', path: `/conversations/${group}/members/${other.user.id}` },
    outcome: () => me.client.conversations.get({ id: group }),
    expected: { memberCount: 1 },
  }),
  'leaving a group': ({ other, group }) => ({
    ...{ method: 'POST', path: `/conversations/${group}/leave`, late: ['404 not_found'] },
    outcome: () => other.client.conversations.get({ id: group }),
    expected: { memberCount: 1, membership: { role: 'owner' } },
  }),
  'joining a channel': ({ me, channel }) => ({
    ...{ method: 'POST', path: `/conversations/${channel}/join` },
    outcome: () => me.client.conversations.get({ id: channel }),
    expected: { memberCount: 2, membership: { role: 'member' } },
  }),
  'deleting a group': ({ me, group }) => ({
    ...{ method: 'DELETE', path: `/conversations/${group}`, late: ['404 not_found'] },
    outcome: () => api.refusal(me, 'GET', `/conversations/${group}`),
    expected: '404 not_found',
  }),
  'having read': ({ me, group }) => ({
    ...{ method: 'POST', path: `/conversations/${group}/read`, body: { seq: 1 } },
    outcome: () => me.client.conversations.get({ id: group }),
    expected: { membership: { lastReadSeq: 1, unread: 0 } },
  }),
  'passing a message on': ({ me, group, message }) => ({
    ...{
      method: 'POST',
      path: `/messages/${message}/forward`,
      body: { conversationId: group, tempId: 'on' },
    },
    outcome: () => me.client.conversations.get({ id: group }),
    expected: { lastSeq: 2, lastMessage: { forwarded: true } },
  }),
  'settings of notifications': ({ me }) => ({
    ...{ method: 'PATCH', path: '/me/notification-settings', body: { types: { gift: { push: false } } } },
    outcome: () => me.client.notifications.settings(),
    expected: { types: { gift: { push: false, inApp: true } } },
  }),
};

describe('what is asked several times at once, and again, is done once', () => {
  it.each(Object.entries(cases))('%s', async (_, prepare) => {
    const set = await scene();
    const { method, path, body, late = [], outcome, expected } = await prepare(set);
    const again = () => api.ask(method, `/api/v1${path}`, { token: set.me.accessToken, body });
    const answers = [...(await Promise.all([again(), again(), again(), again()])), await again()];
    const refused = answers.filter(({ status }) => status >= 300).map(refusalOf);
    expect(refused.filter((said) => !late.includes(said))).toEqual([]);
    expect(refused.length).toBeLessThan(answers.length);
    const now = await outcome();
    if (typeof expected === 'object' && expected !== null) expect(now).toMatchObject(expected);
    else expect(now).toBe(expected);
  });

  it('taking the last ways in away leaves one', async () => {
    const me = await api.register();
    const phone = '+966501239876';
    const data = { phone, googleSubject: 'google-of-me', passwordHash: null };
    await backend.database.user.update({ where: idOf(me), data });
    const answers = await Promise.all(
      ['/account/phone', '/account/google'].map((path) => ask('DELETE', path, undefined, me)),
    );
    expect(answers.map((answer) => (answer.status === 200 ? 'gone' : refusalOf(answer))).sort()).toEqual([
      '409 last_way_in',
      'gone',
    ]);
    const { phone: number, hasGoogle } = await me.client.auth.me();
    expect([number !== null, hasGoogle].filter(Boolean)).toHaveLength(1);
  });
});

function namesOne(body: unknown, fields: readonly string[]): boolean {
  const { details } = errorBody.parse(body).error;
  const paths = z.array(z.object({ path: z.string() })).safeParse(details).data ?? [];
  return paths.some(({ path }) => fields.some((name) => path.split('.').includes(name)));
}
