import { randomUUID } from 'node:crypto';
import { sessionBan, sfuRemovalsKey } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { factsHandled } from '../testing/Life.ts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let sfu: SfuVoice;
let host: Account;
let id: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  sfu = await SfuVoice.start(backend.redis);
  host = await api.register();
  id = (await host.client.sessions.create({ title: 'room' })).id;
  await sfu.open(id);
});
afterEach(() => TestSocket.closeAll());
afterAll(async () => {
  await sfu?.close();
  await backend?.close();
});

const ask = (method: string, path: string, account: Account, body?: object) =>
  api.ask(method, `/api/v1/sessions/${path}`, {
    token: account.accessToken,
    ...(body === undefined ? {} : { body }),
  });
const banned = (userId: string) => ({
  type: 'removePeer',
  sessionId: id,
  whom: { userId },
  reason: 'banned',
});

describe('a ban from a session', () => {
  it('takes effect at once: seat, devices and joining', async () => {
    const guest = await api.register();
    const userId = guest.user.id;
    await guest.client.stage.request({ id });
    await host.client.stage.admit({ id, userId });
    const device = { sessionId: id, peerId: randomUUID(), userId, role: 'cohost' as const };
    await sfu.joined(device);
    await factsHandled(backend.redis);
    const ban = await host.client.bans.create({ id, userId, reason: 'noise' });
    expect(sessionBan.parse(ban)).toMatchObject({ user: { id: userId }, reason: 'noise' });
    await sfu.commands.until((command) => command.type === 'removePeer' && command.reason === 'banned');
    expect(sfu.commands.heard).toContainEqual(banned(userId));
    // For nodes of the sfu that don't listen now.
    expect(await backend.redis.zrange(sfuRemovalsKey, 0, '-1')).toContain(JSON.stringify(banned(userId)));
    expect((await guest.client.stage.get({ id })).mine?.state).toBe('removed');
    for (const role of ['viewer', 'cohost']) {
      expect(refusalOf(await ask('POST', `${id}/join`, guest, { role }))).toBe('403 forbidden');
    }
    expect(refusalOf(await ask('POST', `${id}/stage/seat`, guest))).toBe('403 forbidden');
    expect(refusalOf(await ask('POST', `${id}/stage/seats`, host, { user: { userId } }))).toBe(
      '403 forbidden',
    );
    const late = { ...device, peerId: randomUUID() };
    await sfu.joined(late, new Date(Date.now() + 10));
    await sfu.commands.until(
      (command) => command.type === 'removePeer' && JSON.stringify(command).includes(late.peerId),
    );
    const other = await host.client.sessions.create({ title: 'another room' });
    expect((await ask('POST', `${other.id}/join`, guest, {})).status).toBe(200);
  });

  it('is listed, made twice, and lifted once', async () => {
    const guest = await api.register();
    const userId = guest.user.id;
    const bans = await Promise.all(
      ['first', 'second'].map((reason) => host.client.bans.create({ id, userId, reason })),
    );
    expect(new Set(bans.map(({ reason }) => reason)).size).toBe(1);
    const { items } = await host.client.bans.list({ id });
    expect(items.filter(({ user }) => user.id === userId)).toHaveLength(1);
    await host.client.bans.remove({ id, userId });
    expect((await ask('POST', `${id}/join`, guest, {})).status).toBe(200);
    expect(refusalOf(await ask('DELETE', `${id}/bans/${userId}`, host))).toBe('404 not_found');
    expect((await guest.client.stage.request({ id })).state).toBe('requested');
  });

  it('is made longer, by who may lift it, and never shorter', async () => {
    const { id: userId } = (await api.register()).user;
    const ban = async (durationSec: number | null) => {
      const { createdAt, expiresAt } = await host.client.bans.create({ id, userId, durationSec });
      return expiresAt === null ? null : Math.round((Date.parse(expiresAt) - Date.parse(createdAt)) / 1_000);
    };
    expect([await ban(60), await ban(600), await ban(60), await ban(null), await ban(60)]).toEqual([
      ...[60, 600, 600],
      ...[null, null],
    ]);
  });

  it('keeps somebody out who joins at the same moment, as that of the account does also the host', async () => {
    const [guest, star] = [await api.register(), await api.register()];
    const userId = guest.user.id;
    const own = await star.client.sessions.create({ title: 'own' });
    const { database } = backend;
    const redis = backend.redis.duplicate();
    // The sweeps have other questions.
    const waiting = () => database.$queryRaw<unknown[]>`
      SELECT 1 AS one FROM pg_stat_activity JOIN pg_locks l USING ("pid")
      WHERE NOT l."granted" AND ("query" LIKE '%COUNT(%"SessionBan"%' OR "query" LIKE '%AS "isAdmitted"%')`;
    const before = backend.log.length;
    const { joining } = await database.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`LOCK TABLE "SessionBan" IN ACCESS EXCLUSIVE MODE`;
        const joining = [
          ask('POST', `${id}/join`, guest, {}),
          ask('POST', `${own.id}/join`, star, { role: 'host' }),
        ];
        await waitUntil('the questions', async () => (await waiting()).length === 2, 60_000);
        // The answer is that they aren't banned; what is written behind it has to wait.
        await redis.call('CLIENT', 'PAUSE', '60000', 'WRITE');
        return { joining };
      },
      { timeout: 120_000 },
    );
    const answered = () =>
      backend.log.slice(before).match(/COUNT\(.*\\"SessionBan\\".*"msg":"query"/g)?.length ?? 0;
    await waitUntil('the answers', () => answered() === 2, 60_000);
    await database.sessionBan.create({ data: { sessionId: id, userId } });
    await database.user.update({ where: { id: star.user.id }, data: { bannedAt: new Date() } });
    await redis.call('CLIENT', 'UNPAUSE');
    redis.disconnect();
    const refusals = (await Promise.all(joining)).map(refusalOf);
    expect(refusals).toEqual(['403 forbidden', '403 account_banned']);
  });

  it('is finished by the sweep when a crash came behind its commit', async () => {
    const guest = await api.register();
    const userId = guest.user.id;
    const { database } = backend;
    const socket = await TestSocket.connect(api.url, { token: guest.accessToken });
    await socket.ask('chat:join', { sessionId: id });
    const message = await guest.client.chat.send({ id, tempId: 'x', text: 'soon gone' });
    const createdAt = new Date(Date.now() - 10_000);
    await database.sessionBan.create({ data: { sessionId: id, userId, byId: host.user.id, createdAt } });
    const key = { sessionId_userId: { sessionId: id, userId } };
    const done = async () => (await database.sessionBan.findUnique({ where: key }))?.enforcedAt ?? null;
    await waitUntil('the sweep', async () => (await done()) !== null, 60_000);
    expect(sfu.commands.heard).toContainEqual(banned(userId));
    await socket.until('session:closed');
    expect(socket.of('chat:closed')).toEqual([{ sessionId: id, code: 'chat_banned' }]);
    const kept = await database.chatMessage.findUnique({ where: { id: message.id } });
    expect(kept).toMatchObject({ text: '', deletedById: host.user.id });
    // Made by the api itself, nothing of it is left to the sweep.
    const { id: other } = (await api.register()).user;
    await host.client.bans.create({ id, userId: other });
    expect(await database.sessionBan.count({ where: { userId: other, enforcedAt: null } })).toBe(0);
  });

  it('is the host’s and moderators’ to make, and hits neither of them', async () => {
    const [guest, moderator] = [await api.register(), await api.register()];
    await backend.giveRole(moderator, 'moderator');
    const userId = guest.user.id;
    for (const [method, path, body] of [
      ['POST', `${id}/bans`, { userId }],
      ['GET', `${id}/bans`],
      ['DELETE', `${id}/bans/${userId}`],
    ] as const) {
      expect([method, refusalOf(await ask(method, path, guest, body))]).toEqual([method, '403 forbidden']);
      const nowhere = path.replace(id, randomUUID());
      expect([method, refusalOf(await ask(method, nowhere, host, body))]).toEqual([method, '404 not_found']);
    }
    const ban = (account: Account, whom: string) => ask('POST', `${id}/bans`, account, { userId: whom });
    expect(refusalOf(await ban(host, host.user.id))).toBe('403 forbidden');
    expect(refusalOf(await ban(host, moderator.user.id))).toBe('403 forbidden');
    expect(refusalOf(await ban(moderator, host.user.id))).toBe('403 forbidden');
    expect(refusalOf(await ban(host, randomUUID()))).toBe('404 not_found');
    expect(refusalOf(await ban(host, 'nonsense'))).toBe('422 validation_failed');
    expect((await ban(moderator, userId)).status).toBe(201);
  });
});

it('sanctions and lifts are told to the host and the moderators of the room, and to nobody else', async () => {
  const { id: room } = await host.client.sessions.create({ title: 'watched' });
  const [helper, guest, officer] = [await api.register(), await api.register(), await api.register()];
  await backend.giveRole(officer, 'moderator');
  await host.client.moderation.appoint({ id: helper.user.id });
  const join = async ({ accessToken }: Account): Promise<TestSocket> => {
    const socket = await TestSocket.connect(api.url, { token: accessToken });
    await socket.ask('chat:join', { sessionId: room });
    return socket;
  };
  const [ofHost, ofHelper, ofGuest] = [await join(host), await join(helper), await join(guest)];
  const told = (socket: TestSocket) =>
    socket.of('session:events').flatMap(({ events }) => events.filter(({ type }) => type === 'sanction'));
  const { id: userId, username, displayName } = guest.user;
  const whom = { id: room, userId };
  const { until } = await helper.client.moderation.mute({ ...whom, reason: 'noise', durationSec: 60 });
  await officer.client.moderation.unmute(whom);
  await host.client.moderation.kick(whom);
  await host.client.bans.create({ ...whom, reason: 'enough' });
  await host.client.bans.create(whom);
  await host.client.bans.remove(whom);
  const by = (account: Account) => ({
    ...{ id: account.user.id, username: account.user.username, displayName: account.user.displayName },
  });
  const event = { type: 'sanction', user: { id: userId, username, displayName }, reason: null, until: null };
  const expected = [
    { ...event, action: 'muted', by: by(helper), reason: 'noise', until },
    { ...event, action: 'unmuted', by: null },
    { ...event, action: 'kicked', by: by(host) },
    { ...event, action: 'banned', by: by(host), reason: 'enough' },
    { ...event, action: 'unbanned', by: by(host) },
  ];
  for (const socket of [ofHost, ofHelper]) {
    await waitUntil('the news', () => told(socket).length >= expected.length, 60_000);
    expect(told(socket)).toEqual(expected);
  }
  expect(told(ofGuest)).toEqual([]);
});
