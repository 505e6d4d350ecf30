import { randomUUID } from 'node:crypto';
import { readPlaybackToken } from '@maydan/common';
import { bannedFromPlayback, playbackKeys, type Session, type SfuCommand } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { allTold } from '../testing/notifications.ts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let sfu: SfuVoice;
let host: Account;
let ann: Account;
let bob: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  const environment = { STAGE_RATE_PER_USER: '1000', JOIN_RATE_PER_ADDRESS: '1000' };
  [api, second] = await Promise.all([backend.startApi(environment), backend.startApi(environment)]);
  sfu = await SfuVoice.start(backend.redis);
  [host, ann, bob] = [await api.register(), await api.register(), await api.register()];
});
afterEach(() => TestSocket.closeAll());
afterAll(async () => {
  await sfu?.close();
  await backend?.close();
});

const open = (privateFor: 'invited' | 'followers' = 'invited'): Promise<Session> =>
  host.client.sessions.create({ title: 'among us', visibility: 'private', privateFor });
const invite = (id: string, { user }: Account) => host.client.access.create({ id, userId: user.id });
const uninvite = (id: string, { user }: Account) => host.client.access.remove({ id, userId: user.id });
const hasLease = async ({ playback }: Session, { user }: Account): Promise<boolean> =>
  (await backend.redis.zscore(playbackKeys.leases(playback.playbackId), user.id)) !== null;
const refused = (account: Account | null, id: string) => api.refusal(account, 'GET', `/sessions/${id}`);
const putOut = (id: string, whom: object) =>
  waitUntil(
    'the sfu to be told',
    () =>
      sfu.commands.heard.some(
        (command: SfuCommand) =>
          command.type === 'removePeer' &&
          command.sessionId === id &&
          command.reason === 'accessEnded' &&
          JSON.stringify(command.whom) === JSON.stringify(whom),
      ),
    60_000,
  );
const gift = { giftId: randomUUID(), quantity: 1, message: '' };
const ways = [
  ['GET', ''],
  ['GET', '/chat'],
  ['GET', '/chat/messages'],
  ['POST', '/chat/messages', { tempId: randomUUID(), text: 'hello' }],
  ['POST', '/viewing', {}],
  ['POST', '/join', {}],
  ['POST', '/playback', {}],
  ['GET', '/stage'],
  ['POST', '/stage/seat', {}],
  ['GET', '/gifts'],
  ['POST', '/gifts', gift],
  ['GET', '/gifts/totals'],
  ['GET', '/leaderboard'],
] as const;
const keyed = { 'idempotency-key': randomUUID() };

it('lets nobody in who is not invited, by no way; invited, by each of them', async () => {
  const { id } = await open();
  for (const [method, path, body] of ways) {
    const options = { headers: keyed, body };
    const { status } = await api.ask(method, `/api/v1/sessions/${id}${path}`, {
      ...options,
      token: bob.accessToken,
    });
    expect([method, path, status]).toEqual([method, path, 403]);
    expect([401, 403]).toContain((await api.ask(method, `/api/v1/sessions/${id}${path}`, options)).status);
  }
  expect(await refused(bob, id)).toBe('403 session_private');
  expect(await refused(null, id)).toBe('403 session_private');
  for (const auth of [{}, { token: bob.accessToken }]) {
    const socket = await TestSocket.connect(second.url, auth);
    for (const message of ['session:subscribe', 'chat:join'])
      expect(await socket.codeOf(message, { sessionId: id })).toBe('session_private');
  }
  await invite(id, ann);
  for (const [method, path, body] of ways) {
    const { status } = await second.ask(method, `/api/v1/sessions/${id}${path}`, {
      ...{ token: ann.accessToken, body, headers: keyed },
    });
    expect([method, path, [401, 403].includes(status)]).toEqual([method, path, false]);
  }
  const socket = await TestSocket.connect(second.url, { token: ann.accessToken });
  for (const message of ['session:subscribe', 'chat:join'])
    expect(await socket.codeOf(message, { sessionId: id })).toBeUndefined();
});

it('gives addresses with a token of the viewer’s own; without an invitation it is over within seconds, on every node', async () => {
  const session = await open();
  const { id } = session;
  const { playbackId } = session.playback;
  expect(await backend.redis.sismember(playbackKeys.private, playbackId)).toBe(1);
  await invite(id, ann);
  await invite(id, bob);
  const socket = await TestSocket.connect(second.url, { token: ann.accessToken });
  await socket.ask('session:subscribe', { sessionId: id });
  await socket.ask('chat:join', { sessionId: id });
  const { viewingToken } = await ann.client.viewing.start({ id });
  await bob.client.viewing.start({ id });
  const granted = await ann.client.access.playback({ id });
  const again = await second.clientOf(ann.accessToken).sessions.get({ id });
  expect(again.playback.hlsUrl).toBe(granted.playback.hlsUrl);
  expect(Date.parse(granted.expiresAt ?? '')).toBeGreaterThan(Date.now());
  const [, token = ''] = /\/~([^/]+)\/index\.m3u8$/.exec(granted.playback.hlsUrl) ?? [];
  expect(readPlaybackToken(TestBackend.internalSecret, playbackId, token)).toBe(ann.user.id);
  expect((await bob.client.access.playback({ id })).playback.hlsUrl).not.toContain(token);
  // What all are told has nobody's token.
  await host.client.sessions.update({ id, title: 'still among us' });
  await socket.until('session:updated');
  expect(socket.of('session:updated')[0]?.session.playback.hlsUrl).toMatch(/\/hls\/[^/]+\/index\.m3u8$/);

  await uninvite(id, ann);
  await Promise.all([
    socket.until('session:closed'),
    socket.until('chat:closed'),
    putOut(id, { userId: ann.user.id }),
  ]);
  expect(socket.of('session:closed')).toEqual([{ sessionId: id, code: 'session_private' }]);
  await waitUntil('no lease', async () => !(await hasLease(session, ann)), 60_000);
  expect(await hasLease(session, bob)).toBe(true);
  expect(await socket.codeOf('reaction:send', { sessionId: id, kind: 'heart' })).toBe('session_private');
  await waitUntil(
    'one viewer',
    async () => {
      await second.client.viewing.heartbeat({ token: viewingToken });
      return (await host.client.sessions.get({ id })).viewers.concurrent <= 1;
    },
    60_000,
  );
  expect(await api.refusal(ann, 'POST', `/sessions/${id}/playback`)).toBe('403 session_private');
  // Invited again, it is as before.
  await invite(id, ann);
  expect((await ann.client.access.playback({ id })).playback.hlsUrl).toBe(granted.playback.hlsUrl);
  expect(await hasLease(session, ann)).toBe(true);
});

it('invitations: told once, listed, refused where they mean nothing', async () => {
  const { id } = await open();
  const dan = await api.register();
  await Promise.all(Array.from({ length: 5 }, () => invite(id, dan)));
  await allTold(backend);
  const told = await dan.client.notifications.list({ type: 'invitation' });
  expect(told.items).toMatchObject([{ type: 'invitation', count: 1, data: { sessionId: id } }]);
  const again = await invite(id, dan);
  expect(again.user.id).toBe(dan.user.id);
  expect((await host.client.access.list({ id })).items).toEqual([again]);
  expect((await dan.client.access.invited({})).items.map((session) => session.id)).toEqual([id]);
  const path = `/sessions/${id}/invitations`;
  const refusal = (account: Account | null, userId: string) => api.refusal(account, 'POST', path, { userId });
  expect(await refusal(dan, ann.user.id)).toBe('403 forbidden');
  expect(await refusal(bob, ann.user.id)).toBe('403 session_private');
  expect(await refusal(null, ann.user.id)).toBe('401 unauthenticated');
  expect(await refusal(host, host.user.id)).toBe('409 conflict');
  expect(await refusal(host, randomUUID())).toBe('404 not_found');
  expect(await refusal(host, 'nobody')).toBe('422 validation_failed');
  expect(await api.refusal(host, 'GET', `${path}?cursor=x`)).toBe('422 validation_failed');
  expect(await api.refusal(dan, 'GET', path)).toBe('403 forbidden');
  const eve = await api.register();
  await eve.client.blocks.create({ id: host.user.id });
  expect(await refusal(host, eve.user.id)).toBe('404 not_found');
  await dan.client.blocks.create({ id: host.user.id });
  expect((await dan.client.access.invited({})).items).toEqual([]);
  expect(await refused(dan, id)).toBe('404 not_found');
  await uninvite(id, dan);
  expect(await api.refusal(host, 'DELETE', `${path}/${dan.user.id}`)).toBe('404 not_found');
  expect(
    await api.refusal(host, 'POST', `/sessions/${randomUUID()}/invitations`, { userId: dan.user.id }),
  ).toBe('404 not_found');
});

it('invitations that a moderator makes or takes back are in the audit log, and once; a host’s are not', async () => {
  const { id } = await open();
  const { user } = bob;
  await backend.giveRole(bob, 'moderator');
  for (let again = 0; again < 2; again++) await bob.client.access.create({ id, userId: ann.user.id });
  await bob.client.access.remove({ id, userId: ann.user.id });
  await invite(id, ann);
  await uninvite(id, ann);
  const { items } = await bob.client.audit.list({ targetId: id });
  const entry = { role: 'moderator', actor: { id: user.id }, user: { id: ann.user.id } };
  expect(items).toMatchObject(
    ['invitation.removed', 'invitation.added'].map((action) => ({ ...entry, action })),
  );
  await backend.giveRole(bob, 'user');
});

it.each(['public', 'private'] as const)(
  'a ban from a %s session that is over shuts no way in',
  async (visibility) => {
    const session = await host.client.sessions.create({ title: 'for a second', visibility });
    const { id } = session;
    const { user, accessToken: token } = ann;
    await invite(id, ann);
    const refusals = () =>
      Promise.all(
        ways.map(async ([method, path, body]) => {
          const answer = await second.ask(method, `/api/v1/sessions/${id}${path}`, {
            token,
            body,
            headers: keyed,
          });
          return `${method} ${path} ${[401, 403].includes(answer.status) ? 'refused' : 'let in'}`;
        }),
      );
    const sockets = async () => {
      const socket = await TestSocket.connect(second.url, { token });
      return Promise.all(
        ['session:subscribe', 'chat:join'].map((message) => socket.codeOf(message, { sessionId: id })),
      );
    };
    // What anybody may read of a public session is not shut.
    const open = (path: string) => visibility === 'public' && /^.stage$|^.gifts.*|^.leaderboard$/.test(path);
    await host.client.bans.create({ id, userId: user.id, durationSec: 600 });
    const shut = await refusals();
    expect(shut).toEqual(
      ways.map(([method, path]) => {
        const isOpen = method === 'GET' && open(path);
        return `${method} ${path} ${isOpen ? 'let in' : 'refused'}`;
      }),
    );
    expect((await sockets()).map((code) => code !== undefined)).toEqual([true, true]);
    await backend.database.sessionBan.updateMany({
      where: { sessionId: id },
      data: { expiresAt: new Date() },
    });
    expect(await refusals()).toEqual(ways.map(([method, path]) => `${method} ${path} let in`));
    expect(await sockets()).toEqual([undefined, undefined]);
    expect((await ann.client.access.playback({ id })).playback.hlsUrl).toContain('/~');
    expect(await hasLease(session, ann)).toBe(visibility === 'private');
    // And origins hear of it.
    const member = bannedFromPlayback(session.playback.playbackId, user.id);
    await waitUntil(
      'the end of the ban at the origins',
      async () => (await backend.redis.zscore(playbackKeys.banned, member)) === null,
      60_000,
    );
  },
);

it.each([
  ['unfollows', (one: Account) => one.client.people.unfollow({ id: host.user.id }), '403 session_private'],
  [
    'is banned',
    (one: Account, id: string) => host.client.bans.create({ id, userId: one.user.id }),
    '403 forbidden',
  ],
  ['blocks', (one: Account) => one.client.blocks.create({ id: host.user.id }), '404 not_found'],
])('followers are let in where the host says so, until one %s', async (_, end, code) => {
  const session = await open('followers');
  const { id } = session;
  const fan = await api.register();
  expect(await refused(fan, id)).toBe('403 session_private');
  await fan.client.people.follow({ id: host.user.id });
  await fan.client.access.playback({ id });
  await end(fan, id);
  expect(await refused(fan, id)).toBe(code);
  await waitUntil('no lease', async () => !(await hasLease(session, fan)), 60_000);
  await putOut(id, { userId: fan.user.id });
});

it('becomes private while people watch: all are out, who is invited comes again; and public once more', async () => {
  const { id, playback } = await host.client.sessions.create({ title: 'for all' });
  const guest = await TestSocket.connect(api.url);
  await guest.ask('session:subscribe', { sessionId: id });
  await guest.ask('chat:join', { sessionId: id });
  await invite(id, ann);
  const change = (visibility: 'public' | 'private') => host.client.sessions.update({ id, visibility });
  await change('private');
  expect(await backend.redis.sismember(playbackKeys.private, playback.playbackId)).toBe(1);
  await Promise.all([
    guest.until('session:closed'),
    guest.until('chat:closed'),
    putOut(id, { role: 'viewer' }),
  ]);
  expect(await guest.codeOf('session:subscribe', { sessionId: id })).toBe('session_private');
  expect((await ann.client.sessions.get({ id })).playback.hlsUrl).toContain('/~');
  await Promise.all([change('public'), change('private'), change('public'), change('private')]);
  await change('public');
  expect(await backend.redis.sismember(playbackKeys.private, playback.playbackId)).toBe(0);
  expect((await api.client.sessions.get({ id })).playback.hlsUrl).toBe(playback.hlsUrl);
});

it('a Redis that lost which playbacks are private is told again, and not of others', async () => {
  const { playback } = await open();
  await backend.redis.del(playbackKeys.private);
  await backend.redis.sadd(playbackKeys.private, 'nobodysplayback1');
  const known = (): Promise<string[]> => backend.redis.smembers(playbackKeys.private);
  await waitUntil(
    'the repair',
    async () =>
      (await known()).includes(playback.playbackId) && !(await known()).includes('nobodysplayback1'),
    60_000,
  );
});

describe('a public session', () => {
  const bans = () => backend.redis.zrange(playbackKeys.banned, 0, '-1');
  const knows = (member: string, is: boolean) =>
    waitUntil(`${member} ${is}`, async () => (await bans()).includes(member) === is, 60_000);

  it('is played with a token by who is signed in, and refused once they are banned; Redis that lost it is told again', async () => {
    const session = await host.client.sessions.create({ title: 'for all' });
    const { id, playback } = session;
    const { playbackId } = playback;
    const member = bannedFromPlayback(playbackId, ann.user.id);
    const granted = await ann.client.access.playback({ id });
    const [, token = ''] = /\/~([^/]+)\/index\.m3u8$/.exec(granted.playback.hlsUrl) ?? [];
    expect(readPlaybackToken(TestBackend.internalSecret, playbackId, token)).toBe(ann.user.id);
    expect([granted.expiresAt, await hasLease(session, ann)]).toEqual([null, false]);
    expect(playback.hlsUrl).toBe((await api.client.access.playback({ id })).playback.hlsUrl);
    const socket = await TestSocket.connect(second.url, { token: ann.accessToken });
    await socket.ask('session:subscribe', { sessionId: id });
    await host.client.bans.create({ id, userId: ann.user.id });
    expect(await bans()).toContain(member);
    await socket.until('session:closed');
    expect(socket.of('session:closed')).toEqual([{ sessionId: id, code: 'forbidden' }]);
    expect(await socket.codeOf('session:subscribe', { sessionId: id })).toBe('forbidden');
    expect(await refused(ann, id)).toBe('403 forbidden');
    expect(await api.refusal(ann, 'POST', `/sessions/${id}/playback`)).toBe('403 forbidden');
    expect(await api.refusal(ann, 'POST', `/sessions/${id}/join`, {})).toBe('403 forbidden');
    // The list of sessions has it still, and so has a guest.
    expect((await api.client.sessions.get({ id })).playback.hlsUrl).toBe(playback.hlsUrl);
    await backend.redis.del(playbackKeys.banned);
    await knows(member, true);
    await backend.redis.zadd(playbackKeys.banned, Date.now() + 60_000, `${playbackId} nobody`);
    await knows(`${playbackId} nobody`, false);
    await host.client.bans.remove({ id, userId: ann.user.id });
    expect(await bans()).not.toContain(member);
    expect((await ann.client.access.playback({ id })).playback.hlsUrl).toBe(granted.playback.hlsUrl);
  });

  it('a ban for a time is known until its end alone, and one of an account for all sessions', async () => {
    const { id, playback } = await host.client.sessions.create({ title: 'for all' });
    const dan = await api.register();
    const { expiresAt } = await host.client.bans.create({ id, userId: dan.user.id, durationSec: 600 });
    const member = bannedFromPlayback(playback.playbackId, dan.user.id);
    const known = await backend.redis.zscore(playbackKeys.banned, member);
    expect(Number(known)).toBe(Date.parse(expiresAt ?? ''));
    await backend.giveRole(bob, 'moderator');
    const path = { id: dan.user.id, reason: 'spam' };
    await bob.client.platformModeration.ban(path);
    expect(await bans()).toContain(bannedFromPlayback(null, dan.user.id));
    await bob.client.platformModeration.unban(path);
    expect(await bans()).not.toContain(bannedFromPlayback(null, dan.user.id));
    await backend.giveRole(bob, 'user');
  });
});
