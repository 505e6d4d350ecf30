import { randomUUID } from 'node:crypto';
import type { Presence } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { onlineKey } from './OnlineUsers.ts';

// Whoever goes is offline after 20 s.
const patienceMs = 90_000;

let backend: TestBackend;
let api: TestApi;
let second: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  second = await backend.startApi();
}, 240_000);
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

const idsOf = (accounts: readonly Account[]): string[] => accounts.map(({ user }) => user.id);
const connect = (account: Account, to: { readonly url: string } = api): Promise<TestSocket> =>
  TestSocket.connect(to.url, { token: account.accessToken });
/** A connection says that its user is there once it was told that it is ready. */
const untilOnline = ({ user }: Account): Promise<void> =>
  waitUntil(
    'one more online',
    async () => (await backend.redis.zscore(onlineKey, user.id)) !== null,
    patienceMs,
  );
const leave = ({ socket }: TestSocket): void => void socket.disconnect();

async function watch(client: TestSocket, accounts: readonly Account[]): Promise<Presence[]> {
  const answer = await client.ask('presence:watch', { userIds: idsOf(accounts) });
  return (answer as { items: Presence[] }).items;
}

/** Somebody who watches these people. */
async function watcherOf(accounts: readonly Account[], to: TestApi = api) {
  const [account] = await api.people(1);
  const client = await connect(account!, to);
  return { account: account!, client, items: await watch(client, accounts) };
}

/** What a client was told of somebody, in order: `online`, `offline`, `hidden`. */
const newsOf = (client: TestSocket, { user }: Account): string[] =>
  client.told
    .filter(({ event, payload }) => event.startsWith('presence:') && idIn(payload) === user.id)
    .map(({ event }) => event.slice('presence:'.length));
const idIn = (payload: unknown): unknown => (payload as { userId?: unknown }).userId;
const untilTold = (client: TestSocket, account: Account, ...news: string[]): Promise<void> =>
  waitUntil(
    `${news.join(', ')} of ${account.user.username}`,
    () => newsOf(client, account).join() === news.join(),
    patienceMs,
  );
const seenBy = async (viewer: Account, whom: Account): Promise<Presence | null> =>
  (await viewer.client.presence.get({ id: whom.user.id })).presence;

describe('presence', () => {
  it('counts all devices of a person at all processes as one, and a short absence as none', async () => {
    const [moving, staying, going, never] = await api.people(4);
    const all = [moving!, staying!, going!, never!];
    const watchers = [await watcherOf(all), await watcherOf(all, second)];
    for (const { items } of watchers) {
      const absent = all.map(({ user }) => ({ userId: user.id, online: false, lastSeenAt: null }));
      expect(items).toEqual(expect.arrayContaining(absent));
      expect(items).toHaveLength(4);
    }
    const [{ account, client: near }, { client: far }] = watchers as [
      (typeof watchers)[0],
      (typeof watchers)[0],
    ];
    // Twenty devices at once are one person.
    const devices = await Promise.all(
      Array.from({ length: 20 }, (_, index) => connect(going!, index % 2 === 0 ? api : second)),
    );
    const leaving = [await connect(moving!), await connect(staying!), await connect(staying!, second)];
    for (const client of [near, far]) {
      for (const one of [moving!, staying!, going!]) await untilTold(client, one, 'online');
    }
    expect(await seenBy(account, going!)).toEqual({
      userId: going!.user.id,
      online: true,
      lastSeenAt: null,
    });
    // One comes back elsewhere, one keeps a device, one is gone.
    leaving.slice(0, 2).forEach(leave);
    const back = await connect(moving!, second);
    const before = Date.now();
    devices.forEach(leave);
    for (const client of [near, far]) await untilTold(client, going!, 'online', 'offline');
    for (const client of [near, far]) {
      expect([newsOf(client, moving!), newsOf(client, staying!)]).toEqual([['online'], ['online']]);
      expect(newsOf(client, never!)).toEqual([]);
    }
    const { lastSeenAt } = near.of('presence:offline')[0]!;
    expect(Math.abs(Date.parse(lastSeenAt) - before)).toBeLessThan(patienceMs);
    const gone = { userId: going!.user.id, online: false, lastSeenAt };
    expect(await seenBy(account, going!)).toEqual(gone);
    expect(await watch(far, [going!, moving!])).toEqual(
      expect.arrayContaining([gone, { userId: moving!.user.id, online: true, lastSeenAt: null }]),
    );
    expect(await seenBy(account, never!)).toEqual({
      userId: never!.user.id,
      online: false,
      lastSeenAt: null,
    });
    expect(back.socket.connected).toBe(true);
  });

  it('knows who was at a process that is killed, and who is elsewhere still', async () => {
    const node = await backend.startProcess();
    const [lost, alone, elsewhere] = await api.people(3);
    const all = [lost!, alone!, elsewhere!];
    const { client } = await watcherOf(all);
    for (const one of all) await connect(one, node);
    const stays = await connect(elsewhere!, second);
    for (const one of all) await untilTold(client, one, 'online');
    // Nothing is kept of an account that is deleted meanwhile.
    const erased = await api.register();
    await connect(erased, node);
    const { id } = erased.user;
    await untilOnline(erased);
    await backend.database.user.update({
      where: { id },
      data: { deletedAt: new Date() },
    });
    await node.end('SIGKILL');
    for (const one of [lost!, alone!]) await untilTold(client, one, 'online', 'offline');
    expect(newsOf(client, elsewhere!)).toEqual(['online']);
    expect(stays.socket.connected).toBe(true);
    const rows = await backend.database.lastSeen.findMany({ where: { userId: { in: [id, ...idsOf(all)] } } });
    expect(rows.map(({ userId }) => userId).sort()).toEqual(idsOf([lost!, alone!]).sort());
    // And comes back like anybody else.
    await connect(lost!);
    await untilTold(client, lost!, 'online', 'offline', 'online');
  });

  it('is there again when Redis has lost it', async () => {
    const [one] = await api.people(1);
    const { client } = await watcherOf([one!]);
    await connect(one!, second);
    await untilTold(client, one!, 'online');
    await backend.redis.del(onlineKey);
    await untilTold(client, one!, 'online', 'online');
    expect(await watch(client, [one!])).toMatchObject([{ online: true }]);
  });
});

describe('who sees presence', () => {
  const show = (account: Account, presenceFor: 'everyone' | 'followed' | 'contacts' | 'nobody') =>
    account.client.account.update({ privacy: { presenceFor } });
  const isTold = async (client: TestSocket, viewer: Account, whom: Account): Promise<boolean> => {
    const [item] = await watch(client, [whom]);
    expect(await seenBy(viewer, whom)).toEqual(item ?? null);
    return item !== undefined;
  };

  it('is as the privacy setting says, and always oneself', async () => {
    const [owner, followed, contact, other] = await api.people(4);
    await owner!.client.people.follow({ id: followed!.user.id });
    await owner!.client.people.addContact({ id: contact!.user.id });
    // That others follow or keep somebody opens nothing to them.
    await other!.client.people.follow({ id: owner!.user.id });
    await other!.client.people.addContact({ id: owner!.user.id });
    const viewers = [owner!, followed!, contact!, other!];
    const clients = await Promise.all(viewers.map((viewer) => connect(viewer)));
    const wanted = {
      everyone: [true, true, true, true],
      followed: [true, true, false, false],
      contacts: [true, false, true, false],
      nobody: [true, false, false, false],
    } as const;
    for (const setting of ['everyone', 'followed', 'contacts', 'nobody'] as const) {
      await show(owner!, setting);
      const found: boolean[] = [];
      for (const [index, viewer] of viewers.entries()) {
        found.push(await isTold(clients[index]!, viewer, owner!));
      }
      expect({ setting, found }).toEqual({ setting, found: [...wanted[setting]] });
    }
  });

  it('is nobody behind a block, whoever blocked, but moderators', async () => {
    const [one, other, moderator] = await api.people(3);
    await backend.database.user.update({
      where: { id: moderator!.user.id },
      data: { role: 'moderator' },
    });
    const clients = [await connect(one!), await connect(other!), await connect(moderator!)];
    await one!.client.blocks.create({ id: other!.user.id });
    await moderator!.client.blocks.create({ id: one!.user.id });
    expect(await watch(clients[0]!, [other!])).toEqual([]);
    expect(await watch(clients[1]!, [one!])).toEqual([]);
    expect(await isTold(clients[2]!, moderator!, one!)).toBe(true);
    await show(one!, 'nobody');
    expect(await isTold(clients[2]!, moderator!, one!)).toBe(false);
    for (const [viewer, whom] of [
      [one!, other!],
      [other!, one!],
    ] as const) {
      const path = `/api/v1/users/${whom.user.id}/presence`;
      expect(refusalOf(await api.ask('GET', path, { token: viewer.accessToken }))).toBe('404 not_found');
    }
  });

  it('ends at once when it is taken away, for those alone from whom it is', async () => {
    const [owner, followed, contact, blocked, stranger] = await api.people(5);
    await owner!.client.people.follow({ id: followed!.user.id });
    await owner!.client.people.addContact({ id: contact!.user.id });
    const viewers = [followed!, contact!, blocked!, stranger!];
    const clients = await Promise.all(
      viewers.map((viewer, index) => connect(viewer, index % 2 === 0 ? api : second)),
    );
    const [byFollow, byContact, byBlock, byAll] = clients as [TestSocket, TestSocket, TestSocket, TestSocket];
    for (const client of clients) expect(await watch(client, [owner!])).toHaveLength(1);
    await owner!.client.people.unfollow({ id: followed!.user.id });
    await owner!.client.people.removeContact({ id: contact!.user.id });
    await blocked!.client.blocks.create({ id: owner!.user.id });
    await untilTold(byBlock, owner!, 'hidden');
    // Everyone sees it still, followed or not.
    const device = await connect(owner!);
    for (const client of [byFollow, byContact, byAll]) await untilTold(client, owner!, 'online');
    expect(newsOf(byBlock, owner!)).toEqual(['hidden']);
    await show(owner!, 'followed');
    for (const client of [byFollow, byContact, byAll]) await untilTold(client, owner!, 'online', 'hidden');
    await owner!.client.people.follow({ id: followed!.user.id });
    expect(await watch(byFollow, [owner!])).toHaveLength(1);
    await owner!.client.people.unfollow({ id: followed!.user.id });
    await untilTold(byFollow, owner!, 'online', 'hidden', 'hidden');
    await show(owner!, 'contacts');
    await owner!.client.people.addContact({ id: contact!.user.id });
    expect(await watch(byContact, [owner!])).toHaveLength(1);
    await owner!.client.people.removeContact({ id: contact!.user.id });
    await untilTold(byContact, owner!, 'online', 'hidden', 'hidden');
    leave(device);
    await waitUntil(
      'the end',
      async () => (await backend.redis.zscore(onlineKey, owner!.user.id)) === null,
      patienceMs,
    );
    const stillTold = await connect(owner!);
    expect(await watch(byAll, [stranger!])).toMatchObject([{ online: true }]);
    for (const client of clients) expect(newsOf(client, owner!).at(-1)).toBe('hidden');
    expect(stillTold.socket.connected).toBe(true);
  });

  it('is nobody without a sign-in, and of nobody who is not there', async () => {
    const [viewer, banned] = await api.people(2);
    await backend.database.user.update({ where: { id: banned!.user.id }, data: { bannedAt: new Date() } });
    const guest = await TestSocket.connect(api.url);
    const userIds = [banned!.user.id, randomUUID()];
    expect(await guest.codeOf('presence:watch', { userIds })).toBe('unauthenticated');
    const client = await connect(viewer!);
    expect(await client.ask('presence:watch', { userIds })).toEqual({ items: [] });
    for (const id of userIds) {
      const path = `/api/v1/users/${id}/presence`;
      expect(refusalOf(await api.ask('GET', path))).toBe('401 unauthenticated');
      expect(refusalOf(await api.ask('GET', path, { token: viewer!.accessToken }))).toBe('404 not_found');
    }
    const path = '/api/v1/users/nobody/presence';
    expect(refusalOf(await api.ask('GET', path, { token: viewer!.accessToken }))).toBe(
      '422 validation_failed',
    );
  });
});

describe('what is watched', () => {
  it('is the last list that was given, of 200 users at most', async () => {
    const [one, other] = await api.people(2);
    const { client } = await watcherOf([one!]);
    const many = Array.from({ length: 201 }, () => randomUUID());
    const wrong = [{ userIds: many }, { userIds: ['x'] }, { userIds: one!.user.id }, {}, undefined];
    for (const payload of wrong)
      expect(await client.codeOf('presence:watch', payload)).toBe('validation_failed');
    // The refused ones changed nothing, and naming somebody twice is naming them once.
    await connect(one!);
    await untilTold(client, one!, 'online');
    const userIds = [other!.user.id, other!.user.id, ...many.slice(0, 198)];
    expect(await client.ask('presence:watch', { userIds })).toMatchObject({ items: [{ online: false }] });
    await connect(other!);
    await untilTold(client, other!, 'online');
    expect(await watch(client, [])).toEqual([]);
    expect(newsOf(client, one!)).toEqual(['online']);
  });

  it('costs as many queries for 20 users as for 2', async () => {
    const [account] = await api.people(1);
    const client = await connect(account!);
    const many = await api.people(20);
    const queries = (count: number) => backend.countQueries(() => watch(client, many.slice(0, count)));
    const few = await queries(2);
    expect(few).toBeGreaterThan(0);
    expect(await queries(20)).toBe(few);
  });

  it('is given again by a client that comes back', async () => {
    const [one, other] = await api.people(2);
    const { client, account } = await watcherOf([one!]);
    client.breakLine();
    await client.untilDisconnected();
    await connect(one!, second);
    await untilOnline(one!);
    client.socket.connect();
    await client.until('connection:ready', 2);
    expect(client.of('connection:ready')[1]).toMatchObject({ recovered: true, userId: account.user.id });
    expect(await watch(client, [one!, other!])).toEqual(
      expect.arrayContaining([expect.objectContaining({ userId: one!.user.id, online: true })]),
    );
    await connect(other!);
    await untilTold(client, other!, 'online');
    expect(newsOf(client, one!)).toEqual([]);
  });
});
