import { randomUUID } from 'node:crypto';
import { errorBody, ingestCommand, ingestCommandChannel } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { hashSecret, newStreamKey } from '@maydan/prisma';
import { Life } from '../testing/Life.ts';
import { Listener } from '../testing/Listener.ts';
import { allTold } from '../testing/notifications.ts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let sfu: SfuVoice;
let drops: Listener<typeof ingestCommand>;
let host: Account;
let ann: Account;
let bob: Account;
let moderator: Account;
let admin: Account;
const patient = { timeout: 60_000 };
/** A session of the host, new for each test. */
let id: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  [api, second] = await Promise.all([backend.startApi(), backend.startApi()]);
  sfu = await SfuVoice.start(backend.redis);
  drops = await Listener.on(backend.redis, ingestCommandChannel, ingestCommand);
  [host, ann, bob, moderator, admin] = (await api.people(5)) as [
    ...[Account, Account, Account, Account, Account],
  ];
  await backend.giveRole(moderator, 'moderator');
  await backend.giveRole(admin, 'admin');
});
beforeEach(async () => {
  id = (await host.client.sessions.create({ title: 'room' })).id;
  await sfu.open(id);
});
afterEach(() => TestSocket.closeAll());
afterAll(async () => {
  drops?.close();
  await sfu?.close();
  await backend?.close();
});

const until = (what: string, isSo: () => boolean | Promise<boolean>) => waitUntil(what, isSo, 60_000);
const say = (account: Account, where = api) =>
  where.ask('POST', `/api/v1/sessions/${id}/chat/messages`, {
    token: account.accessToken,
    body: { tempId: randomUUID(), text: `text ${randomUUID()}` },
  });
const written = async (account: Account, where = api): Promise<string> => {
  const answer = await say(account, where);
  return answer.status === 201 ? 'written' : refusalOf(answer);
};
const acts = async (targetId: string) =>
  (await admin.client.audit.list({ targetId })).items.map(({ action, role }) => `${role} ${action}`);

async function join(account: Account, where: TestApi = second): Promise<TestSocket> {
  const socket = await TestSocket.connect(where.url, { token: account.accessToken });
  await socket.ask('chat:join', { sessionId: id });
  return socket;
}

describe('a mute', () => {
  it('stops somebody from writing at all nodes, until it is lifted', async () => {
    const userId = ann.user.id;
    const socket = await join(ann);
    const mute = await host.client.moderation.mute({ id, userId, reason: 'noise' });
    expect(mute).toMatchObject({ user: { id: userId }, reason: 'noise', until: null });
    expect(await written(ann)).toBe('403 chat_muted');
    expect(await written(ann, second)).toBe('403 chat_muted');
    expect(await socket.codeOf('chat:send', { id, tempId: 't', text: 'x' })).toBe('chat_muted');
    await socket.until('chat:muted');
    expect(socket.of('chat:muted')).toEqual([{ sessionId: id, until: null, reason: 'noise' }]);
    expect((await ann.client.chat.history({ id })).items).toEqual([]);
    expect((await moderator.client.moderation.mutes({ id })).items).toEqual([mute]);
    await moderator.client.moderation.unmute({ id, userId });
    await socket.until('chat:unmuted');
    expect(await written(ann)).toBe('written');
    const again = `/sessions/${id}/chat/mutes/${userId}`;
    expect(await api.refusal(host, 'DELETE', again)).toBe('404 not_found');
    expect(await acts(id)).toEqual(['moderator chat.unmuted', 'host chat.muted']);
  });

  it('for a time ends by itself, and is told with its end', async () => {
    const userId = bob.user.id;
    const { until: end } = await host.client.moderation.mute({ id, userId, durationSec: 600 });
    const { body } = await say(bob);
    expect(errorBody.parse(body).error).toMatchObject({ code: 'chat_muted', details: { until: end } });
    await host.client.moderation.mute({ id, userId, durationSec: 1 });
    await until('the end of the time-out', async () => (await written(bob)) === 'written');
    expect((await host.client.moderation.mutes({ id })).items).toEqual([]);
    await until('its row to be gone', async () => (await backend.database.chatMute.count()) === 0);
  });

  it('is made by many at once, and is one', async () => {
    const userId = ann.user.id;
    await Promise.all(
      [10, 20, 30].map((durationSec) => host.client.moderation.mute({ id, userId, durationSec })),
    );
    expect((await host.client.moderation.mutes({ id })).items).toHaveLength(1);
  });
});

describe('a ban for a time', () => {
  it('lets nobody in until it is over', async () => {
    const userId = bob.user.id;
    const ban = await host.client.bans.create({ id, userId, durationSec: 600 });
    expect(Date.parse(ban.expiresAt ?? '') - Date.parse(ban.createdAt)).toBeGreaterThan(590_000);
    expect(await written(bob)).toBe('403 chat_banned');
    const expiresAt = new Date();
    await backend.database.sessionBan.updateMany({ where: { sessionId: id }, data: { expiresAt } });
    expect(await written(bob)).toBe('written');
    const { accessToken: token } = bob;
    expect((await api.ask('POST', `/api/v1/sessions/${id}/join`, { token, body: {} })).status).toBe(200);
    const anew = await host.client.bans.create({ id, userId });
    expect(anew.expiresAt).toBeNull();
    expect(await written(bob)).toBe('403 chat_banned');
  });
});

describe('a kick', () => {
  it('puts somebody out of chat, room and stage at once, and lets them come back', async () => {
    const userId = ann.user.id;
    await ann.client.stage.request({ id });
    await host.client.stage.admit({ id, userId });
    const socket = await join(ann);
    await moderator.client.moderation.kick({ id, userId, reason: 'enough' });
    await socket.until('chat:closed');
    expect(socket.of('chat:closed')).toEqual([{ sessionId: id, code: 'chat_kicked' }]);
    await sfu.commands.until(
      (command) => command.type === 'removePeer' && 'userId' in command.whom && command.sessionId === id,
    );
    expect((await ann.client.stage.get({ id })).mine?.state).toBe('removed');
    const typing = () => socket.codeOf('chat:typing', { sessionId: id });
    await until('the chat to be left', async () => (await typing()) === 'forbidden');
    expect(await socket.codeOf('chat:join', { sessionId: id })).toBeUndefined();
    expect(await acts(id)).toEqual(['moderator session.kicked']);
  });
});

describe('room moderators', () => {
  const path = () => `/me/moderators/${bob.user.id}`;
  const { bans, mutes } = { bans: () => `/sessions/${id}/bans`, mutes: () => `/sessions/${id}/chat/mutes` };

  it('moderate the rooms of their host alone, below the host', async () => {
    const userId = ann.user.id;
    expect(await api.refusal(bob, 'POST', mutes(), { userId })).toBe('403 forbidden');
    const told = await TestSocket.connect(second.url, { token: bob.accessToken });
    await Promise.all([1, 2, 3].map(() => host.client.moderation.appoint({ id: bob.user.id })));
    await told.until('moderator:changed');
    expect((await host.client.moderation.moderators({})).items.map(({ user }) => user.id)).toEqual([
      bob.user.id,
    ]);
    const messages = [await host.client.chat.send({ id, tempId: 'h', text: 'of the host' })];
    messages.push(await ann.client.chat.send({ id, tempId: 'a', text: 'of a viewer' }));
    const remove = (nth: number) => `/sessions/${id}/chat/messages/${messages[nth]?.id}`;
    expect(await api.refusal(bob, 'DELETE', remove(0))).toBe('403 forbidden');
    expect((await bob.client.chat.delete({ id, messageId: messages[1]?.id ?? '' })).text).toBe('');
    expect((await bob.client.chat.state({ id })).role).toBe('moderator');
    await bob.client.chat.setRules({ id, slowModeSec: 30 });
    expect(await bob.client.chat.send({ id, tempId: 'b', text: 'one' })).toMatchObject({ role: 'moderator' });
    await bob.client.chat.send({ id, tempId: 'c', text: 'two, at once' });
    await bob.client.moderation.mute({ id, userId });
    await bob.client.bans.create({ id, userId });
    await bob.client.bans.remove({ id, userId });
    for (const whom of [host, bob, moderator, admin])
      expect(await api.refusal(bob, 'POST', bans(), { userId: whom.user.id })).toBe('403 forbidden');
    expect(await api.refusal(bob, 'POST', `/sessions/${id}/end`, {})).toBe('403 forbidden');
    const other = await ann.client.sessions.create({ title: 'not the host’s' });
    const elsewhere = `/sessions/${other.id}/chat/mutes`;
    expect(await api.refusal(bob, 'POST', elsewhere, { userId: host.user.id })).toBe('403 forbidden');
    await host.client.moderation.dismiss({ id: bob.user.id });
    await told.until('moderator:changed', 2);
    expect(told.of('moderator:changed').map(({ isModerator }) => isModerator)).toEqual([true, false]);
    expect(await api.refusal(bob, 'POST', mutes(), { userId })).toBe('403 forbidden');
    expect(await api.refusal(host, 'DELETE', path())).toBe('404 not_found');
    expect(await acts(bob.user.id)).toEqual(['host roomModerator.dismissed', 'host roomModerator.appointed']);
  });

  it('moderate nothing from which they are banned, and let neither themselves nor each other in', async () => {
    const [mod, other] = (await api.people(2)) as [Account, Account];
    for (const { user } of [mod, other]) await host.client.moderation.appoint({ id: user.id });
    await ann.client.chat.send({ id, tempId: 'z', text: 'hello' });
    await host.client.bans.create({ id, userId: mod.user.id });
    const lifting = `${bans()}/${mod.user.id}`;
    expect(await api.refusal(mod, 'DELETE', lifting)).toBe('403 forbidden');
    expect(await api.refusal(other, 'DELETE', lifting)).toBe('403 forbidden');
    expect(await api.refusal(mod, 'POST', mutes(), { userId: ann.user.id })).toBe('403 forbidden');
    expect(await api.refusal(mod, 'GET', bans())).toBe('403 forbidden');
    await host.client.bans.remove({ id, userId: mod.user.id });
    await mod.client.moderation.mute({ id, userId: ann.user.id });
    for (const { user } of [mod, other]) await host.client.moderation.dismiss({ id: user.id });
  });

  it('are people who are there, and end with a block', async () => {
    const appointing = (whom: string) => api.refusal(host, 'PUT', `/me/moderators/${whom}`);
    expect(await appointing(host.user.id)).toBe('409 conflict');
    expect(await appointing(randomUUID())).toBe('404 not_found');
    expect(await appointing('x')).toBe('422 validation_failed');
    await host.client.moderation.appoint({ id: bob.user.id });
    await bob.client.blocks.create({ id: host.user.id });
    expect((await host.client.moderation.moderators({})).items).toEqual([]);
    expect(await appointing(bob.user.id)).toBe('404 not_found');
    await bob.client.blocks.remove({ id: host.user.id });
  });
});

describe('sanctions in a session', () => {
  it('are refused to those below, for garbage and for nobody', async () => {
    const ways = [`/sessions/${id}/chat/mutes`, `/sessions/${id}/kicks`, `/sessions/${id}/bans`];
    for (const way of ways) {
      const refused = (who: Account, body: object, where = way) =>
        api.refusal(who, 'POST', where, body).then((refusal) => `${way.split('/').at(-1)} ${refusal}`);
      const name = way.split('/').at(-1);
      const userId = ann.user.id;
      expect(await refused(bob, { userId })).toBe(`${name} 403 forbidden`);
      expect(await refused(host, { userId: host.user.id })).toBe(`${name} 403 forbidden`);
      expect(await refused(host, { userId: moderator.user.id })).toBe(`${name} 403 forbidden`);
      expect(await refused(moderator, { userId: host.user.id })).toBe(`${name} 403 forbidden`);
      expect(await refused(admin, { userId: host.user.id })).toBe(`${name} 403 forbidden`);
      expect(await refused(moderator, { userId: admin.user.id })).toBe(`${name} 403 forbidden`);
      expect(await refused(host, { userId: randomUUID() })).toBe(`${name} 404 not_found`);
      expect(await refused(host, { userId: 'x' })).toBe(`${name} 422 validation_failed`);
      expect(await refused(host, { userId, reason: 'x'.repeat(201) })).toBe(`${name} 422 validation_failed`);
      const nowhere = way.replace(id, randomUUID());
      expect(await refused(host, { userId }, nowhere)).toBe(`${name} 404 not_found`);
    }
    const never = { userId: ann.user.id, durationSec: 0 };
    expect(await api.refusal(host, 'POST', ways[0] ?? '', never)).toBe('422 validation_failed');
    expect(await acts(id)).toEqual([]);
  });
});

describe('the ban of an account', () => {
  const ban = (whom: Account, durationSec: number | null = null) =>
    moderator.client.platformModeration.ban({ id: whom.user.id, reason: 'spam', durationSec });

  it('takes effect at once: requests, sockets, rooms, sessions, publishing and signing in', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    const { host: star, sessionId, epoch } = life;
    await star.client.stage.request({ id });
    const sockets = await Promise.all(
      [api, second].map(({ url }) => TestSocket.connect(url, { token: star.accessToken })),
    );
    const made = await ban(star);
    expect(made).toMatchObject({ user: { id: star.user.id }, reason: 'spam', expiresAt: null });
    for (const socket of sockets) await socket.untilDisconnected();
    const { accessToken: token, password } = star;
    expect(refusalOf(await second.ask('GET', '/api/v1/auth/me', { token }))).toBe('403 account_banned');
    const late = new TestSocket(second.url, { token });
    await until('the refusal', () => late.refusals.includes('account_banned'));
    await sfu.commands.until((command) => command.type === 'removeUser' && command.userId === star.user.id);
    await drops.until((command) => command.sessionId === sessionId && command.epoch === epoch);
    const session = await backend.database.session.findUniqueOrThrow({ where: { id: sessionId } });
    expect(session).toMatchObject({ state: 'ending', endReason: 'moderatorEnded' });
    const seat = await backend.database.stageSeat.findFirst({ where: { userId: star.user.id } });
    expect(seat?.state).toBe('removed');
    const { id: prepared } = await backend.database.session.create({
      data: { hostId: star.user.id, title: 'later', playbackId: randomUUID() },
    });
    // Let in with a token of before, by a node that did not hear of the ban.
    const device = { sessionId: prepared, peerId: randomUUID(), userId: star.user.id, role: 'host' as const };
    await sfu.joined(device);
    await sfu.commands.until((command) => JSON.stringify(command).includes(device.peerId));
    const { key } = await refusedKey(star);
    expect(refusalOf(await api.askToPublish(key))).toBe('403 account_banned');
    const body = { login: star.user.username, password };
    const answer = await api.ask('POST', '/api/v1/auth/login', { body });
    expect(errorBody.parse(answer.body).error).toMatchObject({
      code: 'account_banned',
      details: { reason: 'spam', until: null },
    });
    const { client } = admin;
    expect(await client.platformModeration.getBan({ id: star.user.id })).toEqual(made);
    await client.platformModeration.unban({ id: star.user.id, reason: 'a mistake' });
    expect((await api.ask('POST', '/api/v1/auth/login', { body })).status).toBe(200);
    const path = `/admin/users/${star.user.id}/ban`;
    expect(await api.refusal(admin, 'DELETE', path)).toBe('404 not_found');
    expect(await api.refusal(admin, 'GET', path)).toBe('404 not_found');
    expect(await acts(star.user.id)).toEqual(['admin user.unbanned', 'moderator user.banned']);
  });

  /** A key that was made before the ban. */
  async function refusedKey({ user }: Account): Promise<{ key: string }> {
    const key = newStreamKey();
    await backend.database.streamKey.create({
      data: { userId: user.id, label: 'x', hash: hashSecret(key), hint: 'x' },
    });
    return { key };
  }

  it('for a time is lifted by the sweep, once, and what a crash left of one is done by it', async () => {
    const victim = await api.register();
    const { id: userId } = victim.user;
    await ban(victim, 600);
    await Promise.all([ban(victim, 900), ban(victim, 900)]);
    const { accountBan, user } = backend.database;
    await accountBan.update({ where: { userId }, data: { enforcedAt: null } });
    const left = async () => (await accountBan.findUnique({ where: { userId } }))?.enforcedAt ?? null;
    await until('the ban to be enforced', async () => (await left()) !== null);
    await accountBan.update({ where: { userId }, data: { expiresAt: new Date() } });
    const banned = async () => (await user.findUniqueOrThrow({ where: { id: userId } })).bannedAt;
    await until('the suspension to be lifted', async () => (await banned()) === null);
    expect((await victim.client.auth.me()).id).toBe(userId);
    const [lifted, ...others] = await acts(userId);
    expect([lifted, others]).toEqual(['system user.unbanned', Array(3).fill('moderator user.banned')]);
  });

  it('is refused to those below, for garbage and for nobody', async () => {
    const refused = (who: Account, whom: string, body: object = { reason: 'spam' }) =>
      api.refusal(who, 'POST', `/admin/users/${whom}/ban`, body);
    expect(await refused(host, ann.user.id)).toBe('403 forbidden');
    expect(await refused(moderator, moderator.user.id)).toBe('403 forbidden');
    expect(await refused(moderator, admin.user.id)).toBe('403 forbidden');
    expect(await refused(admin, admin.user.id)).toBe('403 forbidden');
    expect(await refused(moderator, randomUUID())).toBe('404 not_found');
    expect(await refused(moderator, ann.user.id, {})).toBe('422 validation_failed');
    expect(await refused(moderator, ann.user.id, { reason: ' ' })).toBe('422 validation_failed');
    expect(await api.refusal(ann, 'GET', `/admin/users/${bob.user.id}/ban`)).toBe('403 forbidden');
    expect(await acts(ann.user.id)).toEqual([]);
  });
});

it('nobody who becomes an admin at the moment of a ban is banned', async () => {
  const [{ user }, { database }] = [await api.register(), backend];
  const ban = () => api.refusal(moderator, 'POST', `/admin/users/${user.id}/ban`, { reason: 'spam' });
  const banning = await database.$transaction(async (transaction) => {
    await transaction.user.update({ where: { id: user.id }, data: { role: 'admin' } });
    const refusal = ban();
    await until('the ban to wait', async () => {
      const waiting = await database.$queryRaw<unknown[]>`
        SELECT 1 AS one FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      return waiting.length > 0;
    });
    return { refusal };
  }, patient);
  expect(await banning.refusal).toBe('403 forbidden');
  expect(await acts(user.id)).toEqual([]);
});

describe('a session that a moderator ends, and a stream key that one disables', () => {
  it('are over, and their owner is told why', async () => {
    const life = await (await Life.create(backend, () => api)).authorize();
    const { host: star, sessionId, epoch } = life;
    const { items: keys } = await moderator.client.platformModeration.streamKeys({ id: star.user.id });
    const [key] = keys;
    expect(JSON.stringify(keys)).not.toContain('hash');
    const disable = () =>
      moderator.client.platformModeration.disableStreamKey({ id: key?.id ?? '', reason: 'stolen' });
    const [one, other] = await Promise.all([disable(), disable()]);
    expect(one.revokedAt).not.toBeNull();
    expect(other.id).toBe(one.id);
    await drops.until(
      (command) => command.sessionId === sessionId && command.epoch === epoch && command.reason === 'revoked',
    );
    await moderator.client.sessions.end({ id: sessionId, reason: 'not allowed here' });
    await allTold(backend);
    const { items } = await star.client.notifications.list({});
    const bodies = items.flatMap((told) => (told.type === 'system' ? [told.data.body.en] : []));
    expect(bodies).toEqual([
      expect.stringMatching(/ended .*Reason: not allowed here$/),
      expect.stringMatching(/stream key .*Reason: stolen$/),
    ]);
    expect(await acts(key?.id ?? '')).toEqual(['moderator streamKey.disabled']);
    const path = (whose: string) => `/admin/stream-keys/${whose}/disable`;
    const body = { reason: 'x' };
    expect(await api.refusal(star, 'POST', path(key?.id ?? ''), body)).toBe('403 forbidden');
    expect(await api.refusal(moderator, 'POST', path(randomUUID()), body)).toBe('404 not_found');
    expect(await api.refusal(moderator, 'POST', path(key?.id ?? ''), {})).toBe('422 validation_failed');
  });
});
