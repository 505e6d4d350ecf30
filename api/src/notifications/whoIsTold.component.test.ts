import { randomUUID } from 'node:crypto';
import { createRedis, type Redis } from '@maydan/common';
import { notificationType, type Notification } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { onlineKey, OnlineUsers } from '../presence/OnlineUsers.ts';
import { Life } from '../testing/Life.ts';
import { allTold } from '../testing/notifications.ts';
import { idOf, refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { NotificationsData } from './notificationsData.repo.ts';
import { OutboxRepo } from './outbox.repo.ts';

let backend: TestBackend;
let api: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
});
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

const ask = (method: string, path: string, account: Account, body: unknown) =>
  api.ask(method, `/api/v1${path}`, { token: account.accessToken, body });
const listOf = async (account: Account): Promise<Notification[]> =>
  (await account.client.notifications.list({})).items;
const connect = (account: Account): Promise<TestSocket> =>
  TestSocket.connect(api.url, { token: account.accessToken });
const settled = (): Promise<void> => allTold(backend);

async function rowsOf<R>(rows: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

describe('a deleted account', () => {
  it('leaves nothing of what it was told, wanted and said; an export has it', async () => {
    const life = await Life.create(backend, () => api);
    const fan = await api.register();
    await fan.client.people.follow(idOf(life.host));
    await fan.client.notifications.changeSettings({ types: { gift: { push: false } } });
    await life.goLive();
    await settled();
    const data = new NotificationsData(backend.database);
    const rows = await rowsOf(data.export(fan.user.id));
    expect(rows).toMatchObject([
      { kind: 'notifications', row: { type: 'stream', data: { sessionId: life.sessionId } } },
      { kind: 'notificationSettings', row: { pushOff: ['gift'] } },
    ]);
    for (const account of [life.host, fan]) {
      expect([await data.erase(account.user.id), await data.erase(account.user.id)]).toEqual([
        'done',
        'done',
      ]);
      expect(await rowsOf(data.export(account.user.id))).toEqual([]);
      if (account === life.host) expect(await listOf(fan)).toEqual([]);
    }
  });

  it('is taken out of what others did as well', async () => {
    const [ann, bob, cat] = (await api.people(3)) as [Account, Account, Account];
    const sessionId = randomUUID();
    for (const [index, actor] of [bob, cat].entries()) {
      const data = { sessionId, gift: `of ${actor.user.username}`, quantity: index + 1 };
      const cause = { type: 'gift', userId: ann.user.id, actorId: actor.user.id, data } as const;
      await backend.database.notificationCause.create({
        data: { ...cause, key: randomUUID(), id: randomUUID(), groupKey: `gift:${sessionId}` },
      });
      await settled();
    }
    const data = new NotificationsData(backend.database);
    expect(await listOf(ann)).toMatchObject([
      { count: 2, actors: [idOf(cat), idOf(bob)], data: { quantity: 2 } },
    ]);
    await data.erase(cat.user.id);
    const [left] = await listOf(ann);
    expect(left).toMatchObject({
      actors: [idOf(bob)],
      data: { gift: `of ${bob.user.username}`, quantity: 1 },
    });
    expect(
      JSON.stringify(await backend.database.notification.findMany({ where: { userId: ann.user.id } })),
    ).not.toContain(cat.user.username);
    await data.erase(bob.user.id);
    expect(await listOf(ann)).toEqual([]);
  });
});

describe('a message in a direct conversation', () => {
  const direct = async (from: Account, to: Account) => {
    const { id } = await from.client.conversations.direct({ userId: to.user.id });
    const send = (text: string) => from.client.messages.send({ id, tempId: randomUUID(), text });
    return { id, send };
  };
  const causesOf = (account: Account) =>
    backend.database.notificationCause.findMany({ where: { userId: account.user.id, type: 'message' } });
  /** Lets the time pass after which it is looked at again. */
  const hurry = (account: Account) =>
    backend.database.notificationCause.updateMany({
      where: { userId: account.user.id, dueAt: { not: null } },
      data: { dueAt: new Date() },
    });

  it('is told once until it is read, to who is not connected; to nobody of a group', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const { id, send } = await direct(ann, bob);
    await Promise.all(['one', 'two', 'three'].map(send));
    const memberIds = [bob.user.id];
    const group = await ann.client.conversations.create({ kind: 'group', name: 'us', memberIds });
    await ann.client.messages.send({ id: group.id, tempId: 'g', text: 'hello' });
    await settled();
    const told = await listOf(bob);
    expect(told).toMatchObject([
      {
        type: 'message',
        count: 1,
        readAt: null,
        data: { conversationId: id },
        actors: [{ id: ann.user.id }],
      },
    ]);
    await send('four');
    await settled();
    expect(await listOf(bob)).toEqual(told);
    expect(await listOf(ann)).toEqual([]);

    const socket = await connect(bob);
    await bob.client.messages.read({ id, seq: 4 });
    await socket.until('notification:read');
    expect(socket.of('notification:read')).toEqual([{ ids: [told[0]?.id], until: null, unread: 0 }]);
    socket.socket.disconnect();
    await backend.redis.zrem(onlineKey, bob.user.id);
    await send('five');
    await settled();
    expect((await listOf(bob)).map(({ readAt }) => readAt !== null)).toEqual([false, true]);
  });

  it('is not told to who has read it, and waits while they are connected', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const { id, send } = await direct(ann, bob);
    const socket = await connect(bob);
    await send('one');
    const putOff = async () => ((await causesOf(bob))[0]?.dueAt?.getTime() ?? 0) > Date.now() + 10_000;
    await waitUntil('the message to wait', putOff, 60_000);
    await bob.client.messages.read({ id, seq: 1 });
    await hurry(bob);
    await waitUntil('it to be forgotten', async () => (await causesOf(bob)).length === 0, 60_000);
    await send('two');
    await waitUntil('the next one to wait', putOff, 60_000);
    expect(socket.of('notification:new')).toEqual([]);
    expect(await listOf(bob)).toEqual([]);

    socket.socket.disconnect();
    await backend.redis.zrem(onlineKey, bob.user.id);
    await hurry(bob);
    await settled();
    expect(await listOf(bob)).toMatchObject([{ type: 'message', data: { conversationId: id } }]);
  });

  it('is not told past a block, and to nobody of a conversation they took out of their view', async () => {
    const [ann, bob, cat] = (await api.people(3)) as [Account, Account, Account];
    const [blocked, cleared] = [await direct(ann, bob), await direct(ann, cat)];
    await Promise.all([blocked.send('one'), cleared.send('one')]);
    await bob.client.blocks.create(idOf(ann));
    await cat.client.conversations.delete({ id: cleared.id });
    await settled();
    expect([await listOf(bob), await listOf(cat)]).toEqual([[], []]);
  });
});

describe('while Redis is away', () => {
  it('who is to be told of a message waits, however long', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const { id } = await ann.client.conversations.direct({ userId: bob.user.id });
    await ann.client.messages.send({ id, tempId: randomUUID(), text: 'hello' });
    await settled();
    const { notification, notificationCause } = backend.database;
    const where = { userId: bob.user.id, type: 'message' as const };
    await notification.deleteMany({ where });
    let dueAt = new Date(Date.now() + 86_400_000);
    await notificationCause.updateMany({ where, data: { dueAt } });
    const gone = createRedis('redis://127.0.0.1:1', backend.logger, { maxWaitMs: 200 });
    const outboxWith = (redis: Redis) =>
      new OutboxRepo(
        backend.database,
        async (ids) => (await new OnlineUsers(redis, 1_000).among(ids)).online,
      );
    try {
      for (let day = 0; day < 3; day++) {
        const now = new Date(dueAt.getTime() + 86_400_000);
        expect(await outboxWith(gone).dealWithOne(now)).toEqual([]);
        const [cause] = await notificationCause.findMany({ where });
        expect(cause).toMatchObject({ attempts: 0 });
        dueAt = cause?.dueAt ?? now;
        expect(dueAt.getTime()).toBeGreaterThan(now.getTime());
      }
    } finally {
      gone.disconnect();
    }
    const told = await outboxWith(backend.redis).dealWithOne(new Date(dueAt.getTime() + 1_000));
    expect(told).toMatchObject([{ userId: bob.user.id, shown: true }]);
    expect(await listOf(bob)).toMatchObject([{ type: 'message', data: { conversationId: id } }]);
  });
});

describe('settings', () => {
  it('say what is told; changes at once are all kept', async () => {
    const [ann, bob, cat] = (await api.people(3)) as [Account, Account, Account];
    const before = await ann.client.notifications.settings();
    expect(before.quietHours).toBeNull();
    const all = notificationType.options.map((type) => [type, { inApp: true, push: true }]);
    expect(before.types).toEqual(Object.fromEntries(all));
    const quietHours = { from: '22:30', to: '06:05', timeZone: 'Africa/Cairo' };
    await Promise.all([
      ann.client.notifications.changeSettings({ types: { follow: { inApp: false } } }),
      ann.client.notifications.changeSettings({ types: { stream: { push: false } } }),
      ann.client.notifications.changeSettings({ quietHours }),
      ann.client.notifications.changeSettings({ types: { gift: { push: false, inApp: false } } }),
    ]);
    const after = await ann.client.notifications.changeSettings({ types: { gift: { inApp: true } } });
    expect(after).toEqual({
      quietHours,
      types: {
        ...before.types,
        follow: { inApp: false, push: true },
        stream: { inApp: true, push: false },
        gift: { inApp: true, push: false },
      },
    });
    await bob.client.people.follow(idOf(ann));
    await settled();
    expect(await listOf(ann)).toEqual([]);
    expect(await ann.client.notifications.unread()).toEqual({ unread: 0 });
    await ann.client.notifications.changeSettings({ types: { follow: { inApp: true } }, quietHours: null });
    await cat.client.people.follow(idOf(ann));
    await settled();
    expect(await listOf(ann)).toHaveLength(1);
    expect((await ann.client.notifications.settings()).quietHours).toBeNull();
  });

  it('refuse what means nothing', async () => {
    const [ann] = (await api.people(1)) as [Account];
    const quiet = { from: '22:00', to: '06:00', timeZone: 'Asia/Riyadh' };
    for (const body of [
      { types: { war: { push: true } } },
      { types: { gift: { push: 'yes' } } },
      { quietHours: { ...quiet, timeZone: 'Mars/Olympus' } },
      { quietHours: { ...quiet, from: '24:00' } },
      { quietHours: { ...quiet, to: quiet.from } },
    ]) {
      expect(refusalOf(await ask('PATCH', '/me/notification-settings', ann, body))).toBe(
        '422 validation_failed',
      );
    }
  });
});
