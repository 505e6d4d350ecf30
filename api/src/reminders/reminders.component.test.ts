import type { Notification, Session } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import { Life } from '../testing/Life.ts';
import { allTold, whileNoneCanBeWritten } from '../testing/notifications.ts';
import { idOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { RemindersData } from './remindersData.repo.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let host: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  [api, second] = await Promise.all([backend.startApi(), backend.startApi()]);
  host = await api.register();
});
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
const plan = (change: object = {}, by = host): Promise<Session> =>
  by.client.sessions.create({ title: 'Later', scheduledStartAt: inMinutes(60), ...change });
const toldTo = async (account: Account): Promise<Notification[]> =>
  (await account.client.notifications.list({})).items;
const reminded = async (account: Account): Promise<string[]> =>
  (await account.client.reminders.list({})).items.map(({ id }) => id);
/** The time comes at which the session's reminders are told: of the one that it has, or of all that it had. */
const hurry = async ({ id }: Session, scheduledStartAt?: string): Promise<void> => {
  const { count } = await backend.database.notificationCause.updateMany({
    where: {
      ...{ groupKey: `reminder:soon:${id}`, dueAt: { not: null } },
      ...(scheduledStartAt === undefined ? {} : { key: `reminder:${id}:${Date.parse(scheduledStartAt)}` }),
    },
    data: { dueAt: new Date(), createdAt: new Date() },
  });
  expect(count).toBeGreaterThan(0);
};

it('is told once before the beginning, and once it is live, to followers in place of the stream', async () => {
  const life = await Life.create(backend, () => api);
  const session = await plan({}, life.host);
  const [ann, bob, cat, dan] = (await api.people(4)) as [Account, Account, Account, Account];
  for (const one of [ann, cat, dan]) await one.client.people.follow(idOf(life.host));
  await dan.client.notifications.changeSettings({ types: { reminder: { inApp: false } } });
  const nodes = [api, second, api, second];
  const set = nodes.map((node) => node.clientOf(ann.accessToken).reminders.set({ id: session.id }));
  const remindAt = new Date(Date.parse(session.scheduledStartAt!) - 600_000).toISOString();
  const { scheduledStartAt } = session;
  for (const one of await Promise.all(set))
    expect(one).toEqual({ sessionId: session.id, scheduledStartAt, remindAt });
  for (const one of [bob, dan]) await one.client.reminders.set({ id: session.id });
  expect([await reminded(ann), await reminded(cat)]).toEqual([[session.id], []]);
  const sockets = await Promise.all(
    [api, second].map((node) => TestSocket.connect(node.url, { token: bob.accessToken })),
  );
  await life.host.client.sessions.update({ id: session.id, title: 'Now named' });

  // Both nodes stand before it.
  await whileNoneCanBeWritten(backend, () => hurry(session));
  await allTold(backend);
  const soon = {
    type: 'reminder',
    actors: [idOf(life.host)],
    data: { title: 'Now named', moment: 'soon', scheduledStartAt },
  };
  for (const one of [ann, bob]) expect(await toldTo(one)).toMatchObject([{ ...soon, count: 1 }]);
  expect([await toldTo(cat), await toldTo(dan)]).toEqual([[], []]);

  await life.goLive();
  expect(life.sessionId).toBe(session.id);
  await allTold(backend);
  const live = { type: 'reminder', count: 1, data: { sessionId: session.id, moment: 'live' } };
  for (const one of [ann, bob]) expect(await toldTo(one)).toMatchObject([live, soon]);
  // Of no use to him is the reminder, which he doesn't want to be shown.
  for (const one of [cat, dan]) expect(await toldTo(one)).toMatchObject([{ type: 'stream', count: 1 }]);
  for (const socket of sockets) {
    await socket.until('notification:new', 2);
    expect(socket.of('notification:new').map(({ notification }) => notification.type)).toEqual([
      'reminder',
      'reminder',
    ]);
  }
  expect(await api.refusal(cat, 'PUT', `/sessions/${session.id}/reminder`)).toBe('409 wrong_state');
});

it('is for scheduled sessions that one may see', async () => {
  const [ann, bob] = (await api.people(2)) as [Account, Account];
  const { id } = await plan();
  const path = `/sessions/${id}/reminder`;
  for (const method of ['PUT', 'DELETE'])
    expect(await api.refusal(null, method, path)).toBe('401 unauthenticated');
  expect(await api.refusal(null, 'GET', '/me/reminders')).toBe('401 unauthenticated');
  expect(await api.refusal(host, 'PUT', path)).toBe('409 conflict');
  expect(await api.refusal(ann, 'PUT', `/sessions/${newId()}/reminder`)).toBe('404 not_found');
  expect(await api.refusal(ann, 'PUT', '/sessions/x/reminder')).toBe('422 validation_failed');
  const unscheduled = await plan({ scheduledStartAt: null });
  expect(await api.refusal(ann, 'PUT', `/sessions/${unscheduled.id}/reminder`)).toBe('409 wrong_state');
  const soon = await plan({ scheduledStartAt: inMinutes(5) });
  expect(await ann.client.reminders.set({ id: soon.id })).toMatchObject({ remindAt: null });
  const among = await plan({ visibility: 'private' });
  expect(await api.refusal(ann, 'PUT', `/sessions/${among.id}/reminder`)).toBe('404 not_found');
  await bob.client.blocks.create(idOf(host));
  expect(await api.refusal(bob, 'PUT', path)).toBe('404 not_found');

  await ann.client.reminders.set({ id });
  const first = await ann.client.reminders.list({ limit: 1 });
  const rest = await ann.client.reminders.list({ limit: 1, cursor: first.nextCursor! });
  expect([...first.items, ...rest.items].map((session) => session.id)).toEqual([id, soon.id]);
  for (let times = 0; times < 2; times++) await ann.client.reminders.remove({ id });
  expect(await reminded(ann)).toEqual([soon.id]);
});

it('moves with the session', async () => {
  const ann = await api.register();
  const session = await plan();
  const first = session.scheduledStartAt!;
  await ann.client.reminders.set({ id: session.id });
  const later = inMinutes(120);
  const move = (scheduledStartAt: string) =>
    host.client.sessions.update({ id: session.id, scheduledStartAt });
  await Promise.all([move(later), move(later)]);
  await hurry(session, first);
  const { database } = backend;
  const left = () => database.notificationCause.count({ where: { groupKey: `reminder:soon:${session.id}` } });
  await waitUntil('the old time to be dropped', async () => (await left()) === 1, 60_000);
  expect(await toldTo(ann)).toEqual([]);
  await move(first);
  await hurry(session, first);
  const isTold = async () => (await toldTo(ann)).length > 0;
  await waitUntil('the reminder', isTold, 60_000);
  expect(await toldTo(ann)).toMatchObject([{ count: 1, data: { moment: 'soon', scheduledStartAt: first } }]);
});

it('is dropped when the session ends or doesn’t let one in any more', async () => {
  const [ann, bob, cat, dan, eve] = (await api.people(5)) as [Account, Account, Account, Account, Account];
  const over = await plan();
  await ann.client.reminders.set({ id: over.id });
  await host.client.sessions.end({ id: over.id });
  expect([
    await reminded(ann),
    await backend.database.sessionReminder.count({ where: { sessionId: over.id } }),
  ]).toEqual([[], 0]);
  await hurry(over);

  const among = await plan({ visibility: 'private', privateFor: 'followers' });
  const all = [ann, bob, cat, dan, eve];
  for (const one of all) await one.client.people.follow(idOf(host));
  for (const one of all) await one.client.reminders.set({ id: among.id });
  await ann.client.people.unfollow(idOf(host));
  await host.client.blocks.create(idOf(bob));
  await host.client.bans.create({ id: among.id, userId: cat.user.id });
  await backend.database.user.update({ where: idOf(eve), data: { bannedAt: new Date() } });
  for (const one of [ann, bob, cat]) expect(await reminded(one)).toEqual([]);
  await hurry(among);
  await waitUntil('the reminder', async () => (await toldTo(dan)).length > 0, 60_000);
  for (const one of [ann, bob, cat]) expect(await toldTo(one)).toEqual([]);
  expect(await backend.database.notification.count({ where: { userId: eve.user.id } })).toBe(0);
  await host.client.blocks.remove(idOf(bob));
  expect(await reminded(bob)).toEqual([]);
});

it('is told once to each of many, also when the process that took it is killed', async () => {
  const session = await plan();
  const { database } = backend;
  const many = 700;
  await database.$executeRaw`
    INSERT INTO "User" ("id", "username", "usernameKey", "displayName", "nameKey", "updatedAt")
    SELECT gen_random_uuid(), 'many_' || n, 'many_' || n, 'Many', 'many', now() FROM generate_series(1, ${many}::int) n`;
  await database.$executeRaw`
    INSERT INTO "SessionReminder" ("sessionId", "userId")
    SELECT ${session.id}::uuid, "id" FROM "User" WHERE "usernameKey" LIKE 'many_%'`;
  const ann = await api.register();
  const doomed = await backend.startProcess();
  const answer = await fetch(`${doomed.url}/api/v1/sessions/${session.id}/reminder`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ann.accessToken}` },
  });
  expect(answer.status).toBe(200);
  await whileNoneCanBeWritten(backend, async () => {
    await hurry(session);
    await doomed.end('SIGKILL');
  });
  const where = { groupKey: `reminder:soon:${session.id}` };
  const told = () => database.notification.count({ where });
  await waitUntil('all to be told', async () => (await told()) > many, 60_000);
  expect(await database.notificationCause.findMany({ where })).toMatchObject([{ dueAt: null }]);
  expect([await told(), await database.notification.count({ where: { ...where, count: 1 } })]).toEqual([
    many + 1,
    many + 1,
  ]);
});

it('is in exports and goes with the account', async () => {
  const ann = await api.register();
  const { id } = await plan();
  await ann.client.reminders.set({ id });
  const data = new RemindersData(backend.database);
  const rows: object[] = [];
  for await (const row of data.export(ann.user.id)) rows.push(row);
  expect(rows).toMatchObject([{ kind: 'sessionReminders', row: { sessionId: id } }]);
  expect([await data.erase(ann.user.id), await data.erase(ann.user.id)]).toEqual(['done', 'done']);
  expect(await reminded(ann)).toEqual([]);
});
