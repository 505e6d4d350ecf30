import { randomUUID } from 'node:crypto';
import type { Notification, NotificationPage } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { namesOf, newId } from '@maydan/prisma';
import { Life } from '../testing/Life.ts';
import { allTold, storeNotifications, whileNoneCanBeWritten } from '../testing/notifications.ts';
import { idOf, refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
/** Both deal with what is to be told. */
let second: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ PEOPLE_RATE_PER_USER: '1000' });
  second = await backend.startApi({ PEOPLE_RATE_PER_USER: '1000' });
});
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

const ask = (method: string, path: string, account?: Account, body?: unknown) =>
  api.ask(method, `/api/v1${path}`, {
    ...(account === undefined ? {} : { token: account.accessToken }),
    ...(body === undefined ? {} : { body }),
  });
const listOf = async (account: Account): Promise<Notification[]> =>
  (await account.client.notifications.list({})).items;

const settled = (): Promise<void> => allTold(backend);

async function connect(node: TestApi, account: Account): Promise<TestSocket> {
  return TestSocket.connect(node.url, { token: account.accessToken });
}

describe('a follow', () => {
  it('is told once, live on every device and in the list, whoever writes it how often', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const sockets = [await connect(api, bob), await connect(second, bob), await connect(api, ann)] as const;
    await Promise.all(Array.from({ length: 6 }, () => ann.client.people.follow(idOf(bob))));
    for (const socket of sockets.slice(0, 2)) await socket.until('notification:new');
    await ann.client.people.unfollow(idOf(bob));
    await ann.client.people.follow(idOf(bob));
    await settled();
    const { id, username, displayName } = ann.user;
    const told = await listOf(bob);
    expect(told).toEqual([
      {
        ...{ id: expect.any(String), type: 'follow', data: {}, at: expect.any(String), readAt: null },
        ...{ actors: [{ id, username, displayName }], actorCount: 1, count: 1 },
      },
    ]);
    for (const socket of sockets.slice(0, 2)) {
      expect(socket.of('notification:new')).toEqual([{ notification: told[0] }]);
    }
    expect(sockets[2].of('notification:new')).toEqual([]);
    expect(await listOf(ann)).toEqual([]);
  });

  it('of many is one notification while it is unread, and a new one after that', async () => {
    const [star, ...fans] = (await api.people(8)) as [Account, ...Account[]];
    const socket = await connect(second, star);
    await Promise.all(fans.slice(0, 6).map((fan) => fan.client.people.follow(idOf(star))));
    await settled();
    const [told, ...others] = await listOf(star);
    expect(others).toEqual([]);
    expect(told).toMatchObject({ actorCount: 6, count: 6, type: 'follow' });
    expect(told?.actors).toHaveLength(3);
    await socket.until('notification:new', 6);
    expect(new Set(socket.of('notification:new').map(({ notification: { id } }) => id)).size).toBe(1);
    expect(await star.client.notifications.unread()).toEqual({ unread: 1 });

    await star.client.notifications.read({ ids: [told!.id] });
    await fans[6]!.client.people.follow(idOf(star));
    await settled();
    expect(await listOf(star)).toMatchObject([{ actorCount: 1, readAt: null }, { actorCount: 6 }]);
  });

  it('of somebody who is blocked or banned by the time of telling is not told, nor shown any more', async () => {
    const [ann, bob, cat, dan] = (await api.people(4)) as [Account, Account, Account, Account];
    for (const one of [bob, cat, dan]) await one.client.people.follow(idOf(ann));
    await settled();
    await ann.client.blocks.create(idOf(bob));
    await backend.database.user.update({ where: idOf(cat), data: { bannedAt: new Date() } });
    expect((await listOf(ann))[0]).toMatchObject({ actors: [{ id: dan.user.id }], actorCount: 2 });

    const [eve, fay] = (await api.people(2)) as [Account, Account];
    await eve.client.blocks.create(idOf(fay));
    const cause = { type: 'follow', groupKey: 'follow', data: {} } as const;
    await backend.database.notificationCause.createMany({
      data: [
        { ...cause, key: 'a', id: newId(), userId: eve.user.id, actorId: fay.user.id },
        { ...cause, key: 'b', id: newId(), userId: fay.user.id, actorId: eve.user.id },
        { ...cause, key: 'c', id: newId(), userId: fay.user.id, actorId: cat.user.id },
        { ...cause, key: 'd', id: newId(), userId: fay.user.id, actorId: fay.user.id },
      ],
    });
    await settled();
    expect([await listOf(eve), await listOf(fay)]).toEqual([[], []]);
  });

  it('is hidden with all who did it while there is a block, and counts the others alone', async () => {
    const [ann, bob, cat] = (await api.people(3)) as [Account, Account, Account];
    const told = { userId: ann.user.id };
    const sessionId = randomUUID();
    const live = { sessionId, title: "Bob's evening", sessionType: 'video' };
    const gift = { groupKey: `gift:${sessionId}`, data: { sessionId, gift: 'Rose', quantity: 1 } };
    const causes = [
      { type: 'gift', actorId: cat.user.id, ...gift },
      { type: 'gift', actorId: bob.user.id, ...gift },
      { type: 'stream', actorId: bob.user.id, groupKey: `stream:${sessionId}`, data: live },
    ] as const;
    await backend.database.notificationCause.createMany({
      data: causes.map((cause) => ({ ...told, ...cause, key: randomUUID(), id: newId() })),
    });
    await settled();
    const { notifications } = ann.client;
    const all = await listOf(ann);
    expect(all).toHaveLength(2);
    expect(all).toContainEqual(expect.objectContaining({ type: 'gift', actorCount: 2, count: 2 }));
    expect(await notifications.unread()).toEqual({ unread: 2 });

    await ann.client.blocks.create(idOf(bob));
    const page = await notifications.list({ limit: 1 });
    const ofCat = { type: 'gift', actors: [{ id: cat.user.id }], actorCount: 1, count: 1 };
    expect(page).toMatchObject({ items: [ofCat], nextCursor: null });
    expect((await notifications.list({ only: 'unread' })).items).toMatchObject([ofCat]);
    expect((await notifications.list({ type: 'stream' })).items).toEqual([]);
    expect(await notifications.unread()).toEqual({ unread: 1 });
    await cat.client.blocks.create(idOf(ann));
    expect(await listOf(ann)).toEqual([]);
    expect(await notifications.unread()).toEqual({ unread: 0 });

    await ann.client.blocks.remove(idOf(bob));
    await cat.client.blocks.remove(idOf(ann));
    expect(await listOf(ann)).toEqual(all);
  });
});

describe('the outbox', () => {
  it('tells once what a process wrote that was killed before it told', async () => {
    const [ann, bob, cat] = (await api.people(3)) as [Account, Account, Account];
    const doomed = await backend.startProcess();
    await whileNoneCanBeWritten(backend, async () => {
      for (const one of [ann, cat]) {
        const answer = await fetch(`${doomed.url}/api/v1/users/${bob.user.id}/follow`, {
          method: 'POST',
          headers: { authorization: `Bearer ${one.accessToken}` },
        });
        expect(answer.status).toBe(200);
      }
      await doomed.end('SIGKILL');
    });
    await settled();
    expect(await listOf(bob)).toMatchObject([{ actorCount: 2, count: 2 }]);
  });

  it('goes on behind a cause that always fails, and gives that up in the end', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    // Too long for an index, so that the notification can't be written.
    await backend.database.notificationCause.create({
      data: {
        key: 'bad',
        id: newId(),
        type: 'follow',
        userId: bob.user.id,
        groupKey: '\u0001'.repeat(3_000_000),
        data: {},
      },
    });
    await ann.client.people.follow(idOf(bob));
    await waitUntil('the other one', async () => (await listOf(bob)).length === 1, 60_000);
    const failing = { where: { key: 'bad' } };
    await waitUntil(
      'an attempt',
      async () => {
        return ((await backend.database.notificationCause.findUnique(failing))?.attempts ?? 0) > 0;
      },
      60_000,
    );
    await backend.database.notificationCause.update({
      ...failing,
      data: { attempts: 19, dueAt: new Date() },
    });
    await settled();
    expect(await backend.database.notificationCause.findUnique(failing)).toMatchObject({ attempts: 20 });
    // It is logged once it stands in the database.
    const isLogged = () => backend.log.includes('a notification failed too often and was given up');
    await waitUntil('the log', isLogged, 60_000);
  });
});

describe('a stream', () => {
  it('that goes live is told to the followers, once, and not when it is unlisted', async () => {
    const life = await Life.create(backend, () => api);
    const [ann, bob, late] = (await api.people(3)) as [Account, Account, Account];
    for (const fan of [ann, bob]) await fan.client.people.follow(idOf(life.host));
    const socket = await connect(second, ann);
    await life.goLive();
    await settled();
    await late.client.people.follow(idOf(life.host));
    await socket.until('notification:new');
    const title = (await life.session()).title;
    for (const fan of [ann, bob]) {
      expect(await listOf(fan)).toMatchObject([
        {
          ...{ type: 'stream', actors: [{ id: life.host.user.id }], count: 1 },
          data: { sessionId: life.sessionId, title, sessionType: 'video' },
        },
      ]);
    }
    await life.unpublished();
    await life.reaches('interrupted');
    await life.goLive();
    await settled();
    expect([(await listOf(ann)).length, (await listOf(late)).length]).toEqual([1, 0]);

    const hidden = await Life.create(backend, () => api);
    await ann.client.people.follow(idOf(hidden.host));
    await hidden.authorize();
    await hidden.alter({ visibility: 'unlisted' });
    await hidden.goLive();
    await settled();
    expect(await listOf(ann)).toHaveLength(1);
    expect(socket.of('notification:new')).toHaveLength(1);
  });

  it('of a star reaches thousands, each once, by few events, while others are told between', async () => {
    const life = await Life.create(backend, () => api);
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const count = 2_300;
    const fans = Array.from({ length: count }, (_, index) => ({
      ...namesOf(`fan_${index}`, `Fan ${index}`),
      ...{ id: newId(), email: `fan${index}@example.org`, passwordHash: '-' },
    }));
    await backend.database.user.createMany({ data: fans });
    // All since the same moment, as far as the clock tells.
    const createdAt = new Date(Date.now() - 60_000);
    const followeeId = life.host.user.id;
    const follows = fans.map(({ id }) => ({ followerId: id, followeeId, createdAt }));
    await backend.database.follow.createMany({ data: follows });
    await ann.client.people.follow(idOf(life.host));
    await settled();
    const socket = await connect(api, ann);
    await life.goLive();
    await bob.client.people.follow(idOf(ann));
    await settled();
    const where = { type: 'stream' as const, data: { path: ['sessionId'], equals: life.sessionId } };
    const rows = await backend.database.notification.findMany({ where, select: { userId: true, id: true } });
    expect(rows).toHaveLength(count + 1);
    expect(new Set(rows.map(({ userId }) => userId)).size).toBe(count + 1);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1);
    await socket.until('notification:new', 2);
    expect((await listOf(ann)).map(({ type }) => type).sort()).toEqual(['follow', 'stream']);
  });
});

describe('the list', () => {
  const tell = ({ user }: Account, types: Notification['type'][]): Promise<void> =>
    storeNotifications(backend, user.id, types);

  it('comes in pages, by type, and of what is unread alone', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const types = ['follow', 'gift', 'comment', 'message', 'stream', 'system', 'gift'] as const;
    await tell(ann, [...types]);
    await tell(bob, ['system']);
    const all = await listOf(ann);
    expect(all.map(({ type }) => type)).toEqual([...types].reverse());
    const first: NotificationPage = await ann.client.notifications.list({ limit: 3 });
    await tell(ann, ['follow']);
    const second = await ann.client.notifications.list({ limit: 3, cursor: first.nextCursor! });
    const third = await ann.client.notifications.list({ limit: 3, cursor: second.nextCursor! });
    expect([...first.items, ...second.items, ...third.items]).toEqual(all);
    expect(third.nextCursor).toBeNull();
    expect((await ann.client.notifications.list({ type: 'gift' })).items).toEqual([all[0], all[5]]);
    await ann.client.notifications.read({ ids: [all[0]!.id, all[3]!.id] });
    const unread = (await ann.client.notifications.list({ only: 'unread' })).items;
    expect(unread.map(({ id }) => id)).not.toContain(all[0]!.id);
    expect(unread).toHaveLength(6);
    expect((await ann.client.notifications.list({ only: 'unread', type: 'gift' })).items).toEqual([all[5]]);
    const pagesOf = (limit: number) => () => ann.client.notifications.list({ limit });
    expect(await backend.countQueries(pagesOf(8))).toBe(await backend.countQueries(pagesOf(1)));
  });

  it('is read and deleted on all devices, once, whoever does it at once; nobody else’s is', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    await tell(ann, ['gift', 'comment', 'system', 'message']);
    const [message, system, comment, gift] = (await listOf(ann)) as [Notification, ...Notification[]];
    const other = await connect(second, ann);
    const read = { ids: [message.id] };
    const answers = await Promise.all([1, 2, 3].map(() => ann.client.notifications.read(read)));
    expect(answers).toEqual([{ unread: 3 }, { unread: 3 }, { unread: 3 }]);
    await other.until('notification:read');
    expect(await other.ask('notifications:read', read)).toEqual({ unread: 3 });
    expect(await other.codeOf('notifications:read', { ids: [] })).toBe('validation_failed');
    expect(await bob.client.notifications.read({ ids: [system!.id, randomUUID()] })).toEqual({ unread: 0 });
    await bob.client.notifications.remove({ id: system!.id });
    expect(await ann.client.notifications.unread()).toEqual({ unread: 3 });

    await Promise.all([1, 2, 3].map(() => ann.client.notifications.remove({ id: gift!.id })));
    await other.until('notification:removed');
    // What came after what was seen stays unread.
    const until = comment!.at;
    expect(await ann.client.notifications.read({ all: true, until })).toEqual({ unread: 1 });
    await other.until('notification:read', 2);
    expect(other.of('notification:read')).toEqual([
      { ids: [message.id], until: null, unread: 3 },
      { ids: null, until, unread: 1 },
    ]);
    expect(other.of('notification:removed')).toEqual([{ id: gift!.id, unread: 2 }]);
    expect((await listOf(ann)).map(({ readAt }) => readAt !== null)).toEqual([true, false, true]);
  });

  it('refuses what it does not know, and strangers', async () => {
    const [ann] = (await api.people(1)) as [Account];
    for (const path of ['/me/notifications', '/me/notifications/unread', '/me/notification-settings']) {
      expect(refusalOf(await ask('GET', path))).toBe('401 unauthenticated');
    }
    expect(refusalOf(await ask('GET', '/me/notifications?type=war', ann))).toBe('422 validation_failed');
    expect(refusalOf(await ask('GET', '/me/notifications?cursor=x', ann))).toBe('422 validation_failed');
    expect(refusalOf(await ask('GET', '/me/notifications?limit=101', ann))).toBe('422 validation_failed');
    for (const body of [{}, { ids: [] }, { ids: ['x'] }, { all: true }, { all: true, until: 'now' }]) {
      expect(refusalOf(await ask('POST', '/me/notifications/read', ann, body))).toBe('422 validation_failed');
    }
    expect(refusalOf(await ask('DELETE', '/me/notifications/x', ann))).toBe('422 validation_failed');
    expect((await ask('DELETE', `/me/notifications/${randomUUID()}`, ann)).status).toBe(200);
  });

  it('forgets what is old', async () => {
    const [ann] = (await api.people(1)) as [Account];
    await tell(ann, ['gift', 'comment', 'system', 'message']);
    const rows = await listOf(ann);
    const ago = (days: number): Date => new Date(Date.now() - days * 86_400_000);
    const times = [{ readAt: ago(91) }, { readAt: ago(89) }, { at: ago(181) }, { at: ago(179) }];
    for (const [index, data] of times.entries()) {
      await backend.database.notification.update({
        where: { userId_id: { userId: ann.user.id, id: rows[index]!.id } },
        data,
      });
    }
    const old = { key: 'old', type: 'system' as const, groupKey: 'x', data: {}, dueAt: null };
    await backend.database.notificationCause.create({ data: { ...old, id: newId(), createdAt: ago(181) } });
    // The sweep of a process does it first of all, and then each hour.
    const fresh = await backend.startApi();
    await waitUntil('the sweep', async () => (await listOf(ann)).length === 2, 60_000);
    expect((await listOf(ann)).map(({ id }) => id)).toEqual([rows[1]!.id, rows[3]!.id]);
    const count = (): Promise<number> => backend.database.notificationCause.count({ where: { key: 'old' } });
    await waitUntil('the causes', async () => (await count()) === 0, 60_000);
    await fresh.close();
  });
});
