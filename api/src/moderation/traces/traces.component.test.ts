import { randomUUID } from 'node:crypto';
import { deviceHeader, viewingStarted } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { SfuVoice } from '../../testing/SfuVoice.ts';
import { refusalOf, type Account, type TestApi } from '../../testing/TestApi.ts';
import { TestBackend } from '../../testing/TestBackend.ts';
import { TestSocket } from '../../testing/TestSocket.ts';

/** Where a request comes from. */
interface From {
  readonly token?: string;
  readonly device?: string;
  readonly address?: string;
}

let backend: TestBackend;
let api: TestApi;
let host: Account;
let moderator: Account;
/** Of the host. */
let id: string;
let other: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ TRUST_PROXY: 'loopback', JOIN_RATE_PER_ADDRESS: '1000' });
  [host, moderator] = [await api.register(), await api.register()];
  await backend.giveRole(moderator, 'moderator');
  other = (await host.client.sessions.create({ title: 'another' })).id;
});
beforeEach(async () => {
  id = (await host.client.sessions.create({ title: 'room' })).id;
});
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close());

const ask = (method: string, path: string, { token, device, address }: From, body?: object) =>
  api.ask(method, `/api/v1/sessions/${path}`, {
    headers: {
      ...(device === undefined ? {} : { [deviceHeader]: device }),
      ...(address === undefined ? {} : { 'x-forwarded-for': address }),
    },
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : { body }),
  });
const ways = [
  ['GET', ''],
  ['POST', '/playback'],
  ['POST', '/join'],
  ['GET', '/chat'],
  ['GET', '/chat/messages'],
  ['POST', '/viewing'],
] as const;
/** What becomes of all ways in. */
const outcome = async (from: From, where = id): Promise<string[]> => {
  const answers = await Promise.all(
    ways.map(async ([method, way]) => {
      const answer = await ask(method, `${where}${way}`, from, method === 'GET' ? undefined : {});
      // Nobody has started an sfu here: who is told so was let in.
      return answer.status < 300 || answer.status === 503 ? 'in' : refusalOf(answer);
    }),
  );
  return [...new Set(answers)];
};
const shut = ['403 forbidden', '403 chat_banned'];

/** Somebody who watches; resolves to the token of their device once all of it is noted. */
async function watch({ user, accessToken: token }: Account, address: string): Promise<string> {
  const answer = await ask('POST', `${id}/viewing`, { token, address }, {});
  const known = () => backend.redis.zcard(`maydan:seen:${user.id}`);
  await waitUntil('where they come from to be noted', async () => (await known()) >= 2, 60_000);
  return (answer.body as { deviceToken: string }).deviceToken;
}

it('a ban is of the devices, too: nobody comes back as a guest with them, whichever way; and it is lifted', async () => {
  const ann = await api.register();
  const userId = ann.user.id;
  const device = await watch(ann, '203.0.113.7');
  const ban = await host.client.bans.create({ id, userId });
  expect(ban).toMatchObject({ devices: 1, addresses: 0, addressesUntil: null });
  expect((await host.client.bans.list({ id })).items).toEqual([ban]);
  expect(await outcome({ device })).toEqual(shut);
  expect(await outcome({ token: ann.accessToken })).toEqual(shut);
  expect(refusalOf(await ask('POST', `${id}/viewing`, {}, { deviceToken: device }))).toBe('403 chat_banned');
  const socket = await TestSocket.connect(api.url, { device });
  expect(await socket.codeOf('session:subscribe', { sessionId: id })).toBe('forbidden');
  expect(await socket.codeOf('chat:join', { sessionId: id })).toBe('chat_banned');
  // Others of the same address, other sessions, and who is somebody else are not concerned.
  const another = await api.register();
  expect(await outcome({ address: '203.0.113.7' })).toEqual(['in']);
  expect(await outcome({ device }, other)).toEqual(['in']);
  expect(await outcome({ device, token: another.accessToken })).toEqual(['in']);
  expect(await outcome({ device: `${device}x` })).toEqual(['in']);
  const path = `/sessions/${id}/bans/${userId}/traces`;
  expect(await api.refusal(another, 'DELETE', path)).toBe('403 forbidden');
  expect(await api.refusal(null, 'DELETE', path)).toBe('401 unauthenticated');
  expect(await api.refusal(host, 'DELETE', path.replace(userId, randomUUID()))).toBe('404 not_found');
  await host.client.bans.clearTraces({ id, userId });
  expect(await api.refusal(host, 'DELETE', path)).toBe('404 not_found');
  expect(await outcome({ device })).toEqual(['in']);
  expect(await outcome({ token: ann.accessToken })).toEqual(shut);
  expect((await host.client.bans.list({ id })).items).toMatchObject([{ devices: 0 }]);
  const { items } = await moderator.client.audit.list({ targetId: id });
  expect(items.map(({ action, details }) => [action, details])).toMatchObject([
    ['session.tracesCleared', {}],
    ['session.banned', { devices: 1, addresses: 0, addressesForSec: null }],
  ]);
  await host.client.bans.remove({ id, userId });
  await host.client.bans.create({ id, userId, devices: false });
  expect(await outcome({ device })).toEqual(['in']);
});

it('guests who are in a chat are put out by a ban that includes them, at all nodes, and told so', async () => {
  const second = await backend.startApi({ TRUST_PROXY: 'loopback' });
  const [ann, another] = [await api.register(), await api.register()];
  const device = await watch(ann, '203.0.113.21');
  const enter = async (to: TestApi, auth: Record<string, string>) => {
    const socket = await TestSocket.connect(to.url, auth);
    for (const sessionId of [id, other]) {
      await socket.ask('chat:join', { sessionId });
      await socket.ask('session:subscribe', { sessionId });
    }
    return socket;
  };
  const guests = await Promise.all([api, second].map((to) => enter(to, { device })));
  const stranger = await enter(second, {});
  const signedIn = await enter(second, { device, token: another.accessToken });
  await host.client.bans.create({ id, userId: ann.user.id });
  for (const guest of guests) {
    await guest.until('session:closed');
    expect(guest.of('chat:closed')).toEqual([{ sessionId: id, code: 'chat_banned' }]);
    expect(guest.of('session:closed')).toEqual([{ sessionId: id, code: 'forbidden' }]);
    expect(await guest.codeOf('chat:join', { sessionId: id })).toBe('chat_banned');
  }
  const said = await another.client.chat.send({ id, tempId: 'one', text: 'without them' });
  await another.client.chat.send({ id: other, tempId: 'two', text: 'with them' });
  const heard = (socket: TestSocket) =>
    socket
      .of('session:events')
      .flatMap(({ events }) =>
        events.flatMap((event) => (event.type === 'message' ? [event.message.text] : [])),
      );
  for (const socket of [stranger, signedIn])
    await waitUntil('both messages', () => heard(socket).length === 2, 60_000);
  for (const guest of guests) {
    await waitUntil('the other message', () => heard(guest).length > 0, 60_000);
    expect(heard(guest)).toEqual(['with them']);
  }
  expect(said.text).toBe('without them');
  await moderator.client.platformModeration.ban({ id: ann.user.id, reason: 'spam' });
  for (const guest of guests) {
    await guest.until('session:closed', 2);
    expect(guest.of('chat:closed').at(-1)).toEqual({ sessionId: other, code: 'chat_banned' });
    expect(guest.of('session:closed').at(-1)).toEqual({ sessionId: other, code: 'account_banned' });
  }
  expect([...stranger.of('chat:closed'), ...signedIn.of('chat:closed')]).toEqual([]);
  await second.close();
});

it('a guest is the device that they were given first: counted once over REST and sockets, and put out by its ban', async () => {
  const given = async (asked: Promise<unknown>) => viewingStarted.parse(await asked);
  const overRest = async (from: From) =>
    given(ask('POST', `${id}/viewing`, from, {}).then(({ body }) => body));
  const fresh = await TestSocket.connect(api.url);
  const first = await given(fresh.ask('viewing:start', { id }));
  const shown = await TestSocket.connect(api.url, { device: first.deviceToken });
  const again = [
    await given(fresh.ask('viewing:start', { id })),
    await given(shown.ask('viewing:start', { id })),
    await overRest({ device: first.deviceToken }),
  ];
  expect(again.map(({ deviceToken }) => deviceToken)).toEqual(Array(3).fill(first.deviceToken));
  expect((await overRest({})).deviceToken).not.toBe(first.deviceToken);
  expect(await backend.redis.pfcount(`maydan:viewing:${id}:ever`)).toBe(2);
  await fresh.ask('chat:join', { sessionId: id });
  const ann = await api.register();
  await ask('POST', `${id}/viewing`, { token: ann.accessToken, device: first.deviceToken }, {});
  const known = () => backend.redis.zcard(`maydan:seen:${ann.user.id}`);
  await waitUntil('where she comes from', async () => (await known()) >= 2, 60_000);
  await host.client.bans.create({ id, userId: ann.user.id });
  await fresh.until('chat:closed');
});

it('guests in the room of a session, by WHEP too, are put out by a ban that includes them, and count no more', async () => {
  const sfu = await SfuVoice.start(backend.redis);
  try {
    const ann = await api.register();
    const device = await watch(ann, '203.0.113.31');
    type Joined = { peerId: string };
    const join = async (from: From, where: string) =>
      (await ask('POST', `${where}/join`, from, {})).body as Joined;
    const [here, there, stranger] = [
      await join({ device }, id),
      await join({ device }, other),
      await join({ address: '203.0.113.32' }, id),
    ];
    const viewing = (await ask('POST', `${id}/viewing`, { device }, {})).body as { viewingToken: string };
    const counted = () => backend.redis.zcard(`maydan:viewing:${id}:now`);
    // The guest and Ann, who has the device.
    await waitUntil('the guest to count', async () => (await counted()) === 2, 60_000);
    const removed = () =>
      sfu.commands.heard.flatMap((command) =>
        command.type === 'removePeer' && 'peerId' in command.whom ? [command.whom.peerId] : [],
      );
    await host.client.bans.create({ id, userId: ann.user.id });
    await waitUntil('the removal', () => removed().includes(here.peerId), 60_000);
    expect(await counted()).toBe(0);
    await api.client.viewing.heartbeat({ token: viewing.viewingToken });
    await moderator.client.platformModeration.ban({ id: ann.user.id, reason: 'spam' });
    await waitUntil('the other removal', () => removed().includes(there.peerId), 60_000);
    expect(removed()).not.toContain(stranger.peerId);
    expect(await counted()).toBe(0);
  } finally {
    await sfu.close();
  }
});

it('addresses are refused by choice alone, by network, and for a time; what goes with a ban ends with it', async () => {
  const ann = await api.register();
  const userId = ann.user.id;
  await watch(ann, '2001:db8:1:2::5');
  await ask('POST', `${id}/viewing`, { token: ann.accessToken, address: '203.0.113.8' }, {});
  const seen = () => backend.redis.zcard(`maydan:seen:${userId}`);
  await waitUntil('the other address to be noted', async () => (await seen()) >= 4, 60_000);
  const near = { address: '2001:db8:1:2:9::1' };
  const ban = () => host.client.bans.create({ id, userId, devices: false, addressesForSec: 600 });
  const { addressesUntil, addresses } = await ban();
  expect(addresses).toBe(2);
  expect(Date.parse(addressesUntil ?? '') - Date.now()).toBeGreaterThan(590_000);
  for (const from of [near, { address: '203.0.113.8' }]) expect(await outcome(from)).toEqual(shut);
  for (const address of ['2001:db8:1:3::5', '203.0.113.9'])
    expect(await outcome({ address })).toEqual(['in']);
  await host.client.bans.remove({ id, userId });
  expect(await outcome(near)).toEqual(['in']);
  await ban();
  expect(await outcome(near)).toEqual(shut);
  await backend.database.sessionBanTrace.updateMany({ data: { expiresAt: new Date() } });
  expect(await outcome(near)).toEqual(['in']);
  expect((await host.client.bans.list({ id })).items).toMatchObject([{ addresses: 0, addressesUntil: null }]);
  for (const addressesForSec of [59, 604_801, 'x'])
    expect(await api.refusal(host, 'POST', `/sessions/${id}/bans`, { userId, addressesForSec })).toBe(
      '422 validation_failed',
    );
  // Only hashes are kept.
  const kept = JSON.stringify([
    await backend.redis.zrange(`maydan:seen:${userId}`, 0, '-1'),
    await backend.database.sessionBanTrace.findMany(),
  ]);
  expect(kept).not.toMatch(/2001:|203\.0/);
});

it('the ban of an account is one from all sessions, for its devices as well; again it is changed', async () => {
  const ann = await api.register();
  const device = await watch(ann, '198.51.100.4');
  const banned = { id: ann.user.id, reason: 'spam' };
  const { client } = moderator;
  await client.platformModeration.ban({ ...banned, addressesForSec: 600 });
  const said = ['403 account_banned', '403 chat_banned'];
  for (const from of [{ device }, { address: '198.51.100.4' }])
    for (const where of [id, other]) expect(await outcome(from, where)).toEqual(said);
  expect(await client.platformModeration.ban(banned)).toMatchObject({ devices: 1, addresses: 0 });
  expect(await outcome({ address: '198.51.100.4' })).toEqual(['in']);
  expect(await client.platformModeration.getBan(banned)).toMatchObject({ devices: 1, addresses: 0 });
  const path = `/admin/users/${banned.id}/ban/traces`;
  expect(await api.refusal(host, 'DELETE', path)).toBe('403 forbidden');
  await client.platformModeration.clearTraces(banned);
  expect(await api.refusal(moderator, 'DELETE', path)).toBe('404 not_found');
  expect(await outcome({ device })).toEqual(['in']);
  await client.platformModeration.ban(banned);
  expect(await outcome({ device })).toEqual(said);
  await client.platformModeration.unban(banned);
  expect(await outcome({ device })).toEqual(['in']);
});
