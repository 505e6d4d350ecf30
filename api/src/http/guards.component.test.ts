import { randomUUID } from 'node:crypto';
import { idOf, refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { contractRoutes, type ContractRoute } from './contractRoutes.ts';

let backend: TestBackend;
let api: TestApi;
let owner: Account;
let stranger: Account;
/** Whom the owner has blocked. */
let blocked: Account;
let moderator: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  const many = ['STAGE', 'PEOPLE', 'CONVERSATION', 'WALLET', 'WEBHOOK', 'ANALYTICS', 'STATUS', 'SEARCH'];
  api = await backend.startApi(Object.fromEntries(many.map((name) => [`${name}_RATE_PER_USER`, '1000'])));
  [owner, stranger, blocked, moderator] = (await api.people(4)) as [Account, Account, Account, Account];
  await backend.giveRole(moderator, 'moderator');
  await owner.client.blocks.create(idOf(blocked));
});
afterAll(() => backend?.close());

const nobody = '0192f0c1-0000-7000-8000-000000000001';
const url = 'https://example.org/hook';
/** What routes with ids take beside them, so that nothing but the guard refuses. */
const bodies: Readonly<Record<string, object>> = {
  'PATCH /sessions/{id}': { title: 'mine' },
  'POST /sessions/{id}/join': { role: 'viewer' },
  'POST /sessions/{id}/stage/seats': { user: { userId: nobody } },
  'POST /sessions/{id}/stage/peers/{peerId}/mute': { muted: true },
  'POST /sessions/{id}/bans': { userId: nobody },
  'POST /sessions/{id}/kicks': { userId: nobody },
  'POST /sessions/{id}/chat/mutes': { userId: nobody },
  'POST /sessions/{id}/chat/messages': { tempId: 't', text: 'hello' },
  'PATCH /sessions/{id}/chat/rules': { slowModeSec: 5 },
  'POST /sessions/{id}/invitations': { userId: nobody },
  'POST /sessions/{id}/gifts': { giftId: nobody },
  'POST /sessions/{id}/reactions': { kind: 'heart' },
  'PATCH /conversations/{id}': { name: 'ours' },
  'POST /conversations/{id}/members': { userIds: [nobody] },
  'PATCH /conversations/{id}/members/{userId}': { role: 'admin' },
  'POST /conversations/{id}/messages': { tempId: 't', text: 'hello' },
  'POST /conversations/{id}/read': { seq: 1 },
  'PATCH /messages/{id}': { text: 'other' },
  'POST /messages/{id}/forward': { conversationId: nobody, tempId: 't' },
  'PATCH /me/restream-targets/{id}': { enabled: true },
  'PATCH /me/webhooks/{id}': { enabled: false },
};

/** The answer to a request whose `{id}` is given; of a path's other ids there is nothing. */
async function said(account: Account | null, { method, path }: ContractRoute, id: string): Promise<string> {
  const filled = path.replace('{id}', id).replaceAll(/\{\w+\}/g, nobody);
  const { status, body } = await api.ask(method, `/api/v1${filled}`, {
    ...(account === null ? {} : { token: account.accessToken }),
    headers: { 'idempotency-key': randomUUID() },
    body: method === 'GET' ? undefined : (bodies[`${method} ${path}`] ?? {}),
  });
  return status < 400 ? String(status) : refusalOf({ status, body, headers: new Headers() });
}

/** Routes below a path with one more part, as `METHOD path`. */
const below = (prefix: string): ContractRoute[] =>
  contractRoutes().filter(({ path }) => path.startsWith(`${prefix}/{id}`));

/** What each route says to somebody, where it isn't what is expected. */
async function unexpected(
  routes: readonly ContractRoute[],
  expected: string,
  ask: Parameters<typeof answers>[1],
) {
  return (await answers(routes, ask)).filter(([, answer]) => answer !== expected);
}

async function answers(routes: readonly ContractRoute[], ask: (route: ContractRoute) => Promise<string>) {
  const told: [route: string, answer: string][] = [];
  for (const route of routes) told.push([`${route.method} ${route.path}`, await ask(route)]);
  return told;
}

describe('all routes of a session', () => {
  // Of it one only takes back what is one's own, and it is hidden from whom a private session doesn't let in.
  const ofReminders = (path: string): boolean => path.endsWith('/reminder');
  const routes = below('/sessions').filter(({ path }) => !ofReminders(path));

  it('are as if it were not there for whom a block hides it', async () => {
    expect(routes.length).toBeGreaterThan(40);
    const { id } = await owner.client.sessions.create({ title: 'open to all' });
    const message = await owner.client.chat.send({ id, tempId: 'a', text: 'hello' });
    const hidden = (route: ContractRoute) =>
      said(blocked, { ...route, path: route.path.replace('{messageId}', message.id) }, id);
    expect(await unexpected(routes, '404 not_found', hidden)).toEqual([]);
    expect(await unexpected(routes, '404 not_found', (route) => said(blocked, route, nobody))).toEqual([]);
  });

  it('let nobody into a private one who is not let in, and ask guests to sign in at most', async () => {
    const { id } = await owner.client.sessions.create({ title: 'among us', visibility: 'private' });
    expect(await unexpected(routes, '403 session_private', (route) => said(stranger, route, id))).toEqual([]);
    const guests = await answers(routes, (route) => said(null, route, id));
    const refused = ['401 unauthenticated', '403 session_private'];
    expect(guests.filter(([, answer]) => !refused.includes(answer))).toEqual([]);
    const reminders = below('/sessions').filter(({ path }) => ofReminders(path));
    const there = await answers(reminders, (route) => said(stranger, route, id));
    expect(there).toEqual(await answers(reminders, (route) => said(stranger, route, nobody)));
  });
});

/** Something of the owner's, by the path of its routes. */
const things: Readonly<Record<string, () => Promise<{ id: string }>>> = {
  '/auth/sign-ins': async () => ({ id: (await owner.client.auth.listSignIns()).items[0]?.id ?? '' }),
  '/stream-keys': () => owner.client.streamKeys.create({}),
  '/conversations': () => owner.client.conversations.create({ kind: 'group', name: 'us', memberIds: [] }),
  '/messages': async () => {
    const { id } = await owner.client.conversations.create({ kind: 'group', name: 'us', memberIds: [] });
    return owner.client.messages.send({ id, tempId: randomUUID(), text: 'secret' });
  },
  '/account/exports': () => owner.client.personalData.createExport(),
  '/me/notifications': () =>
    backend.database.notification.create({
      data: {
        ...{
          id: nobody.replace('1', '2'),
          userId: owner.user.id,
          type: 'follow',
          groupKey: 'g',
          shown: true,
        },
        ...{ actorCount: 0, data: {}, at: new Date() },
      },
    }),
  '/media': async () =>
    (await owner.client.media.create({ purpose: 'message', type: 'image/png', byteLength: 9 })).media,
  '/me/push-devices': async () => {
    const [signIn] = (await owner.client.auth.listSignIns()).items;
    const data = { userId: owner.user.id, signInId: signIn?.id ?? '', kind: 'fcm', target: 'phone' } as const;
    return backend.database.pushDevice.create({ data: { id: randomUUID(), ...data } });
  },
  '/me/restream-targets': () =>
    owner.client.restream.create({ name: 'x', url: 'rtmp://live.example.org/x', streamKey: 'k' }),
  '/statuses': () => owner.client.statuses.create({ tempId: 'a', text: 'for some', audience: 'contacts' }),
  '/me/wallet/deposits': () =>
    owner.client.wallet.createDeposit({ headers: { 'idempotency-key': randomUUID() }, body: { coins: 100 } }),
  '/me/wallet/withdrawals': () =>
    backend.database.withdrawal.create({
      data: {
        ...{ id: randomUUID(), userId: owner.user.id, coins: 1n, amountMinor: 1, currency: 'usd' },
        destination: 'bank',
      },
    }),
  '/me/webhooks': () => owner.client.webhooks.create({ url, types: ['session.started'] }),
};

/** Of these it is no fault that there is none (any more). */
const forgiving = ['/me/notifications', '/me/push-devices'];
const kept = async () => {
  const where = { userId: owner.user.id };
  return [
    await backend.database.notification.count({ where }),
    await backend.database.pushDevice.count({ where }),
  ];
};

describe('what is somebody’s own', () => {
  it.each(Object.keys(things))('is as if it were not there for others: %s', async (prefix) => {
    const routes = below(prefix);
    const { id = '' } = (await things[prefix]?.()) ?? {};
    expect(routes.length).toBeGreaterThan(0);
    const before = await kept();
    const expected = forgiving.includes(prefix) ? '200' : '404 not_found';
    expect(await unexpected(routes, expected, (route) => said(stranger, route, id))).toEqual([]);
    expect(await kept()).toEqual(before);
    expect(await unexpected(routes, '401 unauthenticated', (route) => said(null, route, id))).toEqual([]);
    expect(await answers(routes, (route) => said(stranger, route, nobody))).toEqual(
      await answers(routes, (route) => said(stranger, route, id)),
    );
  });
});

describe('somebody behind a block', () => {
  /** May be said to whom one doesn't see: what one takes back oneself, or keeps others from. */
  const own = ['DELETE /users/{id}/follow', 'DELETE /users/{id}/contact'];
  const ownBlock = ['POST /users/{id}/block', 'DELETE /users/{id}/block'];

  it('is as if not there', async () => {
    const ofSubscribers = contractRoutes()
      .filter(({ path }) => path.startsWith('/me/subscribers/{'))
      .map((route) => ({ ...route, path: route.path.replace('{userId}', '{id}') }));
    expect(ofSubscribers).toHaveLength(2);
    const routes = [...below('/users'), ...below('/me/moderators'), ...ofSubscribers].filter(
      ({ method, path }) => ![...own, ...ownBlock].includes(`${method} ${path}`),
    );
    expect(routes.length).toBeGreaterThan(6);
    const { id } = owner.user;
    expect(await unexpected(routes, '404 not_found', (route) => said(blocked, route, id))).toEqual([]);
  });
});

describe('routes of administration', () => {
  const routes = contractRoutes().filter(({ path }) => path.startsWith('/admin/'));
  /** Also for moderators. */
  const ofModerators =
    /^\/admin\/(audit|banned-words$|messages|reports|sessions\/\{id\}\/recording|users\/\{id\}\/(ban|stream-keys)|stream-keys)/;

  it('are refused to all others, before anything is said about what they take', async () => {
    expect(routes.length).toBeGreaterThan(35);
    expect(await unexpected(routes, '401 unauthenticated', (route) => said(null, route, nobody))).toEqual([]);
    const refused = ['403 forbidden', '422 validation_failed'];
    const others = await answers(routes, (route) => said(stranger, route, nobody));
    expect(others.filter(([, answer]) => !refused.includes(answer))).toEqual([]);
    const admins = routes.filter(({ path }) => !ofModerators.test(path));
    const moderators = await answers(admins, (route) => said(moderator, route, nobody));
    expect(moderators.filter(([, answer]) => !refused.includes(answer))).toEqual([]);
  });
});

it('no route with an id is forgotten here', () => {
  const known = [
    '/sessions',
    '/users',
    '/me/moderators',
    '/me/subscribers',
    '/admin',
    ...Object.keys(things),
  ];
  const unknown = contractRoutes().filter(
    ({ path }) => path.includes('{') && !known.some((prefix) => path.startsWith(`${prefix}/`)),
  );
  // By a name, which everybody may know.
  expect(unknown.map(({ path }) => path)).toEqual(['/channels/{username}']);
});
