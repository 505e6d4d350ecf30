import {
  bannedFromPlayback,
  kickedFromPlaybackSec,
  playbackKeys,
  playbackNews,
  type PlaybackNews,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import { ChatRepo } from '../chat/chat.repo.ts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let nodes: [TestApi, TestApi];
let sfu: SfuVoice;
let host: Account;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  nodes = [await backend.startApi(), await backend.startApi()];
  sfu = await SfuVoice.start(backend.redis);
  [host, admin] = (await nodes[0].people(2)) as [Account, Account];
  await backend.giveRole(admin, 'admin');
});
afterEach(() => TestSocket.closeAll());
afterAll(async () => {
  await sfu?.close();
  await backend?.close();
});

/** The same six times at once, at both nodes: what it comes to each time, or the code of its refusal. */
const atOnce = <T>(work: (client: Account['client'], nth: number) => Promise<T>, who: Account) =>
  Promise.all(
    Array.from({ length: 6 }, async (_, nth) => {
      try {
        return await work(nodes[nth % 2 === 0 ? 0 : 1].clientOf(who.accessToken), nth);
      } catch (error) {
        return (error as { code: string }).code;
      }
    }),
  );
const actsOn = async (targetId: string) =>
  (await admin.client.audit.list({ targetId })).items.map(({ action }) => action);

it('a kick by many puts somebody out, whom nothing keeps from coming back', async () => {
  const { id } = await host.client.sessions.create({ title: 'room' });
  const ann = await nodes[0].register();
  const userId = ann.user.id;
  const socket = await TestSocket.connect(nodes[1].url, { token: ann.accessToken });
  await socket.ask('chat:join', { sessionId: id });
  await ann.client.stage.request({ id });
  await host.client.stage.admit({ id, userId });
  expect(await atOnce((client) => client.moderation.kick({ id, userId }), host)).toEqual(Array(6).fill({}));
  await socket.until('chat:closed', 6);
  expect((await ann.client.stage.get({ id })).mine?.state).toBe('removed');
  expect(await actsOn(id)).toEqual(Array(6).fill('session.kicked'));
  expect(await socket.codeOf('chat:join', { sessionId: id })).toBeUndefined();
  await ann.client.chat.send({ id, tempId: 'back', text: 'back again' });
});

it('a kick ends playback, count and room at all nodes, and for a while alone', async () => {
  const { id, playback } = await host.client.sessions.create({ title: 'room' });
  const [ann, bob] = (await nodes[0].people(2)) as [Account, Account];
  const userId = ann.user.id;
  const connect = async ({ accessToken: token }: Account, nth: 0 | 1) => {
    const socket = await TestSocket.connect(nodes[nth].url, { token });
    await socket.ask('session:subscribe', { sessionId: id });
    return socket;
  };
  const devices = [await connect(ann, 0), await connect(ann, 1)];
  const bystander = await connect(bob, 1);
  const started = await Promise.all([ann, bob].map(({ client }) => client.viewing.start({ id })));
  const watching = async () => {
    for (const { viewingToken: token } of started)
      await nodes[1].ask('POST', '/api/v1/viewing/heartbeat', { body: { token } });
    return backend.redis.zcard(`maydan:viewing:${id}:now`);
  };
  await waitUntil('two viewers', async () => (await watching()) === 2, 60_000);
  const startMs = Date.now();
  await host.client.moderation.kick({ id, userId });
  const member = bannedFromPlayback(playback.playbackId, userId);
  const until = async () => Number(await backend.redis.zscore(playbackKeys.banned, member));
  const leftMs = (await until()) - kickedFromPlaybackSec * 1_000;
  expect([leftMs >= startMs, leftMs <= Date.now()]).toEqual([true, true]);
  for (const device of devices) {
    await device.until('session:closed');
    expect(device.of('session:closed')).toEqual([{ sessionId: id, code: 'chat_kicked' }]);
  }
  await host.client.sessions.update({ id, title: 'without her' });
  await bystander.until('session:updated');
  for (const device of devices) expect(device.of('session:updated')).toEqual([]);
  expect(bystander.of('session:closed')).toEqual([]);
  // Redis that lost it is told by the keeper, who asks PostgreSQL, which knows of no kick.
  await backend.redis.zadd(playbackKeys.banned, Date.now() + 60_000, `${playback.playbackId} nobody`);
  const known = () => backend.redis.zrange(playbackKeys.banned, 0, '-1');
  await waitUntil('the keeper', async () => (await known()).every((one) => !one.endsWith('nobody')), 60_000);
  expect(await known()).toContain(member);
  expect(await watching()).toBe(1);
  expect(await devices[0]?.codeOf('session:subscribe', { sessionId: id })).toBeUndefined();
  await ann.client.viewing.start({ id });
  await waitUntil('her to count again', async () => (await watching()) === 2, 60_000);
  // A ban that is longer stays as long, and whoever lifts it lets them in at once.
  await host.client.bans.create({ id, userId });
  const bannedMs = await until();
  expect(bannedMs).toBeGreaterThan(Date.now() + 60_000);
  await host.client.moderation.kick({ id, userId });
  expect(await until()).toBe(bannedMs);
  await host.client.bans.remove({ id, userId });
  expect(await known()).not.toContain(member);
  expect(await backend.redis.zrange(playbackKeys.kicked, 0, '-1')).not.toContain(member);
});

it('origins are told at once who may play no more, and who may again', async () => {
  const { id, playback } = await host.client.sessions.create({ title: 'room' });
  const { playbackId } = playback;
  const ann = await nodes[0].register();
  const userId = ann.user.id;
  const ear = backend.redis.duplicate();
  try {
    const heard: PlaybackNews[] = [];
    ear.on('message', (_channel, text) => heard.push(playbackNews.parse(JSON.parse(text))));
    await ear.subscribe(playbackKeys.news);
    /** Of somebody (null: of the session), whether they are refused from now on. */
    const told = async (act: () => Promise<unknown>, member: string | null, isRefused = true) => {
      heard.length = 0;
      await act();
      const isIt = (news: PlaybackNews) =>
        news.type === 'access'
          ? member === null && news.playbackId === playbackId
          : news.member === member && news.untilMs > 0 === isRefused;
      await waitUntil('the news', () => heard.some(isIt), 60_000);
    };
    const [here, everywhere] = [bannedFromPlayback(playbackId, userId), bannedFromPlayback(null, userId)];
    const { moderation, bans, sessions, access } = host.client;
    const { platformModeration: platform } = admin.client;
    const account = { id: userId, reason: 'spam' };
    await told(() => moderation.kick({ id, userId }), here);
    await told(() => bans.create({ id, userId }), here);
    await told(() => bans.remove({ id, userId }), here, false);
    await told(() => platform.ban(account), everywhere);
    await told(() => platform.unban(account), everywhere, false);
    await told(() => sessions.update({ id, visibility: 'private' }), null);
    await access.create({ id, userId });
    await ann.client.access.playback({ id });
    await told(() => access.remove({ id, userId }), null);
    await told(() => sessions.update({ id, visibility: 'public' }), null);
  } finally {
    ear.disconnect();
  }
});

it('rules of a chat that is new are set by many: each change counts, of the same one the last', async () => {
  const { id } = await host.client.sessions.create({ title: 'new room' });
  const changes = [{ slowModeSec: 5 }, { linksOff: true }, { slowModeSec: 9 }] as const;
  const answers = await atOnce((client, nth) => client.chat.setRules({ id, ...changes[nth % 3] }), admin);
  for (const answer of answers) expect(answer).toMatchObject({ slowModeSec: expect.any(Number) });
  const rules = await host.client.chat.rules({ id });
  expect(rules.linksOff).toBe(true);
  expect([5, 9]).toContain(rules.slowModeSec);
  expect(await actsOn(id)).toEqual(Array(6).fill('chat.rulesChanged'));
  await host.client.chat.setRules({ id, slowModeSec: 600 });
  const ann = await nodes[1].register();
  const said = await atOnce(
    (client, nth) => client.chat.send({ id, tempId: `${nth}`, text: `hello ${nth}` }),
    ann,
  );
  expect(said.filter((one) => typeof one !== 'string')).toHaveLength(1);
});

it('a gift is added once for each time, and changed by many: what each changed is there', async () => {
  const gift = (price: number) => ({
    ...{ name: { en: `Rose ${price}`, ar: 'وردة' }, iconUrl: '/gifts/rose.svg', animation: null, price },
  });
  const made = await atOnce((client, nth) => client.gifts.create(gift(nth + 1)), admin);
  const ids = made.map((one) => (typeof one === 'string' ? one : one.id));
  const listed = (await host.client.gifts.catalogue()).items;
  expect(
    listed
      .filter(({ id }) => ids.includes(id))
      .map(({ price }) => price)
      .sort(),
  ).toEqual([1, 2, 3, 4, 5, 6]);
  const [id = ''] = ids;
  const changes = [{ price: 70 }, { name: { en: 'Tulip', ar: 'توليب' } }, { position: 3 }] as const;
  await atOnce((client, nth) => client.gifts.update({ id, ...changes[nth % 3] }), admin);
  expect((await host.client.gifts.catalogue()).items.find((one) => one.id === id)).toMatchObject({
    ...{ price: 70, name: { en: 'Tulip', ar: 'توليب' } },
  });
  expect((await actsOn(id)).sort()).toEqual(['gift.added', ...Array<string>(6).fill('gift.changed')]);
});

it('a word is banned once by many, and lifted once', async () => {
  const added = await atOnce((client) => client.bannedWords.add({ word: 'Nonsense' }), admin);
  const rows = added.flatMap((one) => (typeof one === 'string' ? [] : [one.id]));
  expect(new Set(rows).size).toBe(1);
  const [id = ''] = rows;
  expect((await admin.client.bannedWords.list()).items.map(({ word }) => word)).toEqual(['Nonsense']);
  const removed = await atOnce((client) => client.bannedWords.remove({ id }), admin);
  expect(removed.filter((one) => one === 'not_found')).toHaveLength(5);
  expect(await actsOn(id)).toEqual(['bannedWord.removed', 'bannedWord.added']);
});

type Act = readonly [what: string, code: string, act: (id: string, userId: string) => Promise<unknown>];

it.each<Act>([
  ['a ban', 'chat_banned', (id, userId) => host.client.bans.create({ id, userId })],
  ['a mute', 'chat_muted', (id, userId) => host.client.moderation.mute({ id, userId })],
  [
    ...(['a ban of the account', 'account_banned'] as const),
    (_, userId) => admin.client.platformModeration.ban({ id: userId, reason: 'spam' }),
  ],
])('what somebody writes at the moment of %s is not stored, and told to nobody', async (what, code, act) => {
  const { id } = await host.client.sessions.create({ title: 'busy room' });
  const [ann, bob] = (await nodes[0].people(2)) as [Account, Account];
  await host.client.chat.send({ id, tempId: 'first', text: 'welcome' });
  const watcher = await TestSocket.connect(nodes[1].url);
  await watcher.ask('chat:join', { sessionId: id });
  const { database } = backend;
  const waiting = async () => {
    const rows = await database.$queryRaw<unknown[]>`
      SELECT 1 AS one FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return rows.length;
  };
  const waiters = (count: number) =>
    waitUntil(`${count} to wait`, async () => (await waiting()) >= count, 60_000);
  const write = ({ client }: Account) => client.chat.send({ id, tempId: 'late', text: 'rude' });
  const isMute = what === 'a mute';
  const { writing, acting } = await database.$transaction(
    async (transaction) => {
      // The message has been let in, and waits to be stored; a mute is first in the line, others need no place in it.
      await transaction.$queryRaw`SELECT 1 AS one FROM "ChatRoom" WHERE "sessionId" = ${id}::uuid FOR UPDATE`;
      const muting = isMute ? act(id, ann.user.id) : null;
      if (isMute) await waiters(1);
      const first = Promise.allSettled([write(ann)]);
      await waiters(isMute ? 2 : 1);
      const banning = muting ?? act(id, ann.user.id);
      if (code === 'chat_banned') await waiters(2);
      if (code === 'account_banned') await banning;
      return { writing: Promise.all([first, write(bob)]), acting: banning };
    },
    { timeout: 60_000 },
  );
  const [[outcome], kind] = await writing;
  await acting;
  expect(outcome).toMatchObject({ status: 'rejected', reason: { code } });
  // Of a statement that stores many, too.
  const repo = new ChatRepo(database);
  const messages = [ann, bob, ann, bob].map(({ user }, nth) => ({
    ...{ id: newId(), sessionId: id, senderId: user.id, tempId: `${nth}`, replyToId: null },
    ...{ role: 'viewer' as const, text: 'many' },
  }));
  const stored = await Promise.all(messages.map(() => repo.insert(id, messages)));
  const ids = stored.flatMap((some) => [...some.keys()]);
  expect(ids.sort()).toEqual([messages[1]?.id, messages[3]?.id].sort());
  const { items } = await bob.client.chat.history({ id });
  expect(items.map(({ seq }) => seq).sort()).toEqual([1, 2, 3, 4]);
  expect(items.filter(({ sender }) => sender?.id === ann.user.id)).toEqual([]);
  expect(items.find(({ id: one }) => one === kind.id)?.seq).toBe(2);
  const heard = () => JSON.stringify(watcher.of('session:events'));
  await waitUntil('the other message', () => heard().includes(kind.id), 60_000);
  expect(heard()).not.toContain(ann.user.username);
});
