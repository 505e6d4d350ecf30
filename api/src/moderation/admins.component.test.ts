import { randomUUID } from 'node:crypto';
import { sfuMuteField, sfuMutesKey } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { factsHandled } from '../testing/Life.ts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { startStaffed } from '../testing/startStaffed.ts';
import type { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let host: Account;
let ann: Account;
let moderator: Account;
let admin: Account;

beforeAll(async () => {
  ({ backend, api, host, ann, moderator, admin } = await startStaffed());
});
afterAll(() => backend?.close());

const actsOn = async (targetId: string) =>
  (await admin.client.audit.list({ targetId })).items.map(({ action, role }) => `${role} ${action}`);
/** For a transaction on a busy machine. */
const patient = { timeout: 60_000 };
const refused = '403 forbidden';
const gone = '404 not_found';

describe('an admin’s session', () => {
  it('is changed and ended by no moderator, who may look at it and moderate its chat', async () => {
    const { id } = await admin.client.sessions.create({ title: 'of an admin', visibility: 'private' });
    const userId = ann.user.id;
    const ways: [string, string, object?][] = [
      ['PATCH', `/sessions/${id}`, { title: 'changed' }],
      ['POST', `/sessions/${id}/end`, {}],
      ['POST', `/sessions/${id}/stage/seats/${userId}/accept`],
      ['POST', `/sessions/${id}/invitations`, { userId }],
      ['DELETE', `/sessions/${id}/invitations/${userId}`],
    ];
    for (const [method, path, body] of ways) {
      const refusal = await api.refusal(moderator, method, path, body);
      expect(`${method} ${path} ${refusal}`).toBe(`${method} ${path} ${refused}`);
    }
    expect(await moderator.client.sessions.get({ id })).toMatchObject({
      ...{ title: 'of an admin', state: 'idle' },
      host: { id: admin.user.id, username: admin.user.username, displayName: admin.user.displayName },
    });
    expect(await moderator.client.sessions.health({ id })).toEqual({ health: null });
    expect(await actsOn(id)).toEqual([]);
    await moderator.client.moderation.mute({ id, userId });
    expect(await actsOn(id)).toEqual(['moderator chat.muted']);
    expect(await api.refusal(moderator, 'POST', `/sessions/${id}/bans`, { userId: admin.user.id })).toBe(
      refused,
    );
    const second = await api.register();
    await backend.giveRole(second, 'admin');
    expect(await second.client.sessions.end({ id })).toMatchObject({ state: 'ended' });
    const other = await host.client.sessions.create({ title: 'of a user' });
    expect(await moderator.client.sessions.end({ id: other.id })).toMatchObject({ state: 'ended' });
  });
});

describe('a ban that an admin gave', () => {
  it('of an account is changed and lifted by admins alone', async () => {
    const who = { id: ann.user.id };
    const path = `/admin/users/${who.id}/ban`;
    await moderator.client.platformModeration.ban({ ...who, reason: 'spam' });
    const given = await admin.client.platformModeration.ban({ ...who, reason: 'fraud' });
    const acts = ['admin user.banned', 'moderator user.banned'];
    expect(await api.refusal(moderator, 'POST', path, { reason: 'less', durationSec: 60 })).toBe(refused);
    expect(await api.refusal(moderator, 'DELETE', path)).toBe(refused);
    expect(await api.refusal(moderator, 'DELETE', `${path}/traces`)).toBe(refused);
    expect(await moderator.client.platformModeration.getBan(who)).toEqual(given);
    expect(await actsOn(who.id)).toEqual(acts);
    const { bannedAt } = await backend.database.user.findUniqueOrThrow({ where: who });
    expect(bannedAt).not.toBeNull();
    await admin.client.platformModeration.unban(who);
    expect(await api.refusal(moderator, 'DELETE', path)).toBe(gone);
    await moderator.client.platformModeration.ban({ ...who, reason: 'spam' });
    await moderator.client.platformModeration.unban(who);
    expect((await actsOn(who.id)).slice(0, 3)).toEqual([
      ...['moderator user.unbanned', 'moderator user.banned', 'admin user.unbanned'],
    ]);
  });

  it('of an account at the moment of its lift stays', async () => {
    const { id } = (await api.register()).user;
    const { database } = backend;
    await moderator.client.platformModeration.ban({ id, reason: 'spam' });
    const lifting = await database.$transaction(async (transaction) => {
      await transaction.accountBan.update({ where: { userId: id }, data: { byId: admin.user.id } });
      await transaction.user.update({ where: { id }, data: { bannedAt: new Date() } });
      const refusal = api.refusal(moderator, 'DELETE', `/admin/users/${id}/ban`);
      await waitUntil(
        'the lift to wait',
        async () => {
          const waiting = await database.$queryRaw<unknown[]>`
          SELECT 1 AS one FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          return waiting.length > 0;
        },
        60_000,
      );
      return { refusal };
    }, patient);
    expect(await lifting.refusal).toBe(refused);
    expect(await actsOn(id)).toEqual(['moderator user.banned']);
  });

  it('from a session is made longer and lifted by admins alone', async () => {
    const { id } = await host.client.sessions.create({ title: 'room' });
    const userId = ann.user.id;
    const path = `/sessions/${id}/bans`;
    const given = await admin.client.bans.create({ id, userId, durationSec: 600 });
    for (const who of [moderator, host]) {
      expect(await api.refusal(who, 'POST', path, { userId })).toBe(refused);
      expect(await api.refusal(who, 'DELETE', `${path}/${userId}`)).toBe(refused);
      expect(await api.refusal(who, 'DELETE', `${path}/${userId}/traces`)).toBe(refused);
      // What changes nothing is no change of it.
      expect(await who.client.bans.create({ id, userId, durationSec: 60 })).toEqual(given);
    }
    expect((await host.client.bans.list({ id })).items).toEqual([given]);
    expect(await actsOn(id)).toEqual(['admin session.banned']);
    const where = { sessionId: id };
    await backend.database.sessionBan.updateMany({ where, data: { expiresAt: new Date() } });
    await moderator.client.bans.create({ id, userId });
    await host.client.bans.remove({ id, userId });
    await admin.client.bans.create({ id, userId });
    await admin.client.bans.remove({ id, userId });
    expect(await api.refusal(admin, 'DELETE', `${path}/${userId}`)).toBe(gone);
  });
});

describe('what an admin does in a room', () => {
  it('to mute somebody in its chat is changed and lifted by admins alone', async () => {
    const { id } = await host.client.sessions.create({ title: 'room' });
    const userId = ann.user.id;
    const path = `/sessions/${id}/chat/mutes`;
    await moderator.client.moderation.mute({ id, userId });
    await admin.client.moderation.mute({ id, userId, durationSec: 600 });
    for (const who of [moderator, host]) {
      expect(await api.refusal(who, 'POST', path, { userId, durationSec: 1 })).toBe(refused);
      expect(await api.refusal(who, 'DELETE', `${path}/${userId}`)).toBe(refused);
    }
    expect(await actsOn(id)).toEqual(['admin chat.muted', 'moderator chat.muted']);
    await backend.database.chatMute.updateMany({ where: { userId }, data: { until: new Date() } });
    await host.client.moderation.mute({ id, userId });
    await moderator.client.moderation.unmute({ id, userId });
    await admin.client.moderation.mute({ id, userId });
    await admin.client.moderation.unmute({ id, userId });
  });

  it('an admin is taken off a stage, and muted there, by no moderator, but by the host, whose stage it is', async () => {
    const sfu = await SfuVoice.start(backend.redis);
    try {
      const { id } = await host.client.sessions.create({ title: 'stage' });
      // Devices in a room that no node has are taken for lost after some seconds.
      await sfu.open(id);
      const peers = new Map<Account, string>();
      for (const person of [admin, ann]) {
        const userId = person.user.id;
        await person.client.stage.request({ id });
        await host.client.stage.admit({ id, userId });
        const peerId = randomUUID();
        peers.set(person, peerId);
        await sfu.joined({ sessionId: id, peerId, userId, role: 'cohost' });
      }
      await factsHandled(backend.redis);
      const device = (who: Account) => `/sessions/${id}/stage/peers/${peers.get(who)}`;
      const seat = `/sessions/${id}/stage/seats/${admin.user.id}`;
      expect(await api.refusal(moderator, 'POST', `${device(admin)}/mute`, { muted: true })).toBe(refused);
      expect(await api.refusal(moderator, 'DELETE', device(admin))).toBe(refused);
      expect(await api.refusal(moderator, 'DELETE', seat)).toBe(refused);
      expect(await actsOn(peers.get(admin) ?? '')).toEqual([]);
      await moderator.client.stage.mute({ id, peerId: peers.get(ann) ?? '', muted: true });
      await host.client.stage.mute({ id, peerId: peers.get(admin) ?? '', muted: true });
      const peerId = peers.get(ann) ?? '';
      await moderator.client.stage.mute({ id, peerId, muted: false });
      await admin.client.stage.mute({ id, peerId, source: 'camera', muted: true });
      const acts = await actsOn(peerId);
      for (const who of [moderator, host]) {
        for (const body of [{ muted: false }, { muted: false, source: 'camera' }])
          expect(await api.refusal(who, 'POST', `${device(ann)}/mute`, body)).toBe(refused);
        await who.client.stage.mute({ id, peerId, source: 'camera', muted: true });
        expect(await api.refusal(who, 'POST', `${device(ann)}/mute`, { muted: false })).toBe(refused);
        await who.client.stage.mute({ id, peerId, source: 'microphone', muted: true });
        await who.client.stage.mute({ id, peerId, source: 'microphone', muted: false });
      }
      expect((await actsOn(peerId)).length).toBe(acts.length + 6);
      const kept = () => backend.redis.hgetall(sfuMutesKey(id));
      expect((await kept())[sfuMuteField(peerId, 'camera')]).toBe('admin');
      await admin.client.stage.mute({ id, peerId, muted: false });
      expect(Object.keys(await kept())).toEqual([sfuMuteField(peers.get(admin) ?? '', null)]);
      expect((await host.client.stage.remove({ id, userId: admin.user.id })).state).toBe('removed');
      expect((await moderator.client.stage.remove({ id, userId: ann.user.id })).state).toBe('removed');
      await host.client.sessions.end({ id });
      expect(await kept()).toEqual({});
    } finally {
      await sfu.close();
    }
  });
});
