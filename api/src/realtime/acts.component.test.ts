import { randomUUID } from 'node:crypto';
import {
  clientMessages,
  type ErrorCode,
  type Gift,
  type MessageName,
  type RoomEvent,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { z } from 'zod';
import { Life } from '../testing/Life.ts';
import { expectBalancedBooks, fundDirectly, keyed } from '../testing/money.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { askMessage as ask, TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let life: Life;
let host: Account;
let ann: Account;
let bob: Account;
let moderator: Account;
let admin: Account;
let rose: Gift;
/** On air. */
let id: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  [api, second] = await Promise.all([
    backend.startApi({ GIFT_RATE_PER_USER: '25' }),
    backend.startApi({ GIFT_RATE_PER_USER: '25' }),
  ]);
  [ann, bob, moderator, admin] = (await api.people(4)) as [Account, Account, Account, Account];
  await backend.giveRole(moderator, 'moderator');
  await backend.giveRole(admin, 'admin');
  const name = { en: 'Rose', ar: 'وردة' };
  rose = await admin.client.gifts.create({ name, iconUrl: '/rose.svg', animation: null, price: 10 });
  life = await (await Life.create(backend, () => api)).goLive();
  [host, id] = [life.host, life.sessionId];
});
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close());

const connect = (account: Account | null, where = api): Promise<TestSocket> =>
  TestSocket.connect(where.url, account === null ? {} : { token: account.accessToken });
const eventsOf = (socket: TestSocket): RoomEvent[] =>
  socket.of('session:events').flatMap(({ events }) => events);
const untilEvent = (socket: TestSocket, isIt: (event: RoomEvent) => boolean) =>
  waitUntil('an event', () => eventsOf(socket).some(isIt), 60_000);
const write = (account: Account, text: string) =>
  account.client.chat.send({ id, tempId: randomUUID(), text });

describe('of the chat', () => {
  it('delete, pin, unpin and settings: by who may, told to all at all nodes, again and at once', async () => {
    const room = await connect(null, second);
    await room.ask('chat:join', { sessionId: id });
    const [annsSocket, hosts, above] = [
      await connect(ann),
      await connect(host, second),
      await connect(moderator),
    ];
    const [own, other] = [await write(ann, 'own'), await write(bob, 'other')];
    const what = { id, messageId: own.id };
    expect(await annsSocket.codeOf('chat:pin', what)).toBe('forbidden');
    const [{ pins }] = await Promise.all([ask(hosts, 'chat:pin', what), ask(above, 'chat:pin', what)]);
    expect(pins.map((pin) => pin.id)).toEqual([own.id]);
    await untilEvent(room, (event) => event.type === 'pins' && event.pins.length === 1);
    expect(await annsSocket.codeOf('chat:unpin', what)).toBe('forbidden');
    expect(await ask(hosts, 'chat:unpin', what)).toEqual({ pins: [] });
    expect(await ask(hosts, 'chat:unpin', what)).toEqual({ pins: [] });

    expect(await annsSocket.codeOf('chat:delete', { id, messageId: other.id })).toBe('forbidden');
    const deleted = await Promise.all([1, 2].map(() => ask(annsSocket, 'chat:delete', what)));
    expect(deleted.map(({ message }) => message.text)).toEqual(['', '']);
    await ask(above, 'chat:delete', { id, messageId: other.id });
    await untilEvent(room, (event) => event.type === 'messageDeleted' && event.id === other.id);
    expect(eventsOf(room).filter(({ type }) => type === 'messageDeleted')).toHaveLength(2);
    const missing = { id, messageId: randomUUID() };
    for (const name of ['chat:delete', 'chat:pin'] as const)
      expect(await hosts.codeOf(name, missing)).toBe('not_found');

    expect(await annsSocket.codeOf('chat:rules', { id })).toBe('forbidden');
    expect(await annsSocket.codeOf('chat:setRules', { id, linksOff: true })).toBe('forbidden');
    const words = Array.from({ length: 500 }, (_, nth) => `word number ${nth} ${'x'.repeat(30)}`);
    await ask(hosts, 'chat:setRules', { id, linksOff: true, bannedWords: words });
    await untilEvent(room, (event) => event.type === 'settings' && event.settings.linksOff);
    expect(await ask(above, 'chat:rules', { id })).toMatchObject({ linksOff: true, bannedWords: words });
    await ask(hosts, 'chat:setRules', { id, linksOff: false, bannedWords: [] });
  });

  it('mute for a time, unmute and kick: over whom one may, at once', async () => {
    const [annsSocket, hosts] = [await connect(ann, second), await connect(host)];
    await annsSocket.ask('chat:join', { sessionId: id });
    const userId = ann.user.id;
    expect(await annsSocket.codeOf('chat:mute', { id, userId: bob.user.id })).toBe('forbidden');
    expect(await hosts.codeOf('chat:mute', { id, userId: moderator.user.id })).toBe('forbidden');
    expect(await hosts.codeOf('chat:mute', { id, userId: randomUUID() })).toBe('not_found');
    const { mute } = await ask(hosts, 'chat:mute', { id, userId, reason: 'enough', durationSec: 600 });
    expect(mute).toMatchObject({ user: { id: userId }, reason: 'enough' });
    await annsSocket.until('chat:muted');
    const said = { id, tempId: randomUUID(), text: 'still' };
    expect(await annsSocket.codeOf('chat:send', said)).toBe('chat_muted');
    await ask(hosts, 'chat:unmute', { id, userId });
    expect(await hosts.codeOf('chat:unmute', { id, userId })).toBe('not_found');
    expect(await annsSocket.codeOf('chat:send', said)).toBeUndefined();
    expect(await annsSocket.codeOf('session:kick', { id, userId: bob.user.id })).toBe('forbidden');
    await ask(hosts, 'session:kick', { id, userId });
    await annsSocket.until('chat:closed');
  });

  it('by a role that was taken away a moment ago are refused, though the connection is of before', async () => {
    const former = await api.register();
    await backend.giveRole(former, 'moderator');
    const socket = await connect(former);
    const { id: messageId } = await write(bob, 'stays');
    await ask(socket, 'chat:pin', { id, messageId });
    await backend.giveRole(former, 'user');
    expect(await socket.codeOf('chat:delete', { id, messageId })).toBe('forbidden');
    expect(await socket.codeOf('chat:unpin', { id, messageId })).toBe('forbidden');
    for (const name of ['chat:mute', 'session:ban', 'session:end'] as const)
      expect(await socket.codeOf(name, { id, userId: bob.user.id })).toBe('forbidden');
    const bannedAt = new Date();
    await backend.database.user.update({ where: { id: former.user.id }, data: { bannedAt } });
    expect(await socket.codeOf('chat:rules', { id })).toBe('account_banned');
  });
});

describe('gifts', () => {
  afterEach(() => expectBalancedBooks(backend));

  it('are sent once for a key, over sockets and REST, at both nodes and all at once', async () => {
    const fan = await api.register();
    await fundDirectly(backend, fan.user.id, 100);
    const room = await connect(bob, second);
    await room.ask('chat:join', { sessionId: id });
    const sockets = [await connect(fan), await connect(fan, second)];
    const idempotencyKey = randomUUID();
    const wish = { sessionId: id, idempotencyKey, giftId: rose.id, quantity: 2, message: 'for you' };
    const { giftId, quantity, message } = wish;
    const overRest = [api, second].map((node) =>
      node.clientOf(fan.accessToken).gifts.send({
        ...{ params: { id }, headers: keyed(idempotencyKey), body: { giftId, quantity, message } },
      }),
    );
    const overSockets = Array.from({ length: 6 }, (_, nth) => ask(sockets[nth % 2]!, 'gift:send', wish));
    const sent = [
      ...(await Promise.all(overRest)),
      ...(await Promise.all(overSockets)).map(({ gift }) => gift),
    ];
    expect(new Set(sent.map((gift) => JSON.stringify(gift))).size).toBe(1);
    expect(sent[0]).toMatchObject({ quantity: 2, coins: 20, message: 'for you' });
    expect((await fan.client.wallet.get()).balance).toBe(80);
    await untilEvent(room, (event) => event.type === 'gift' && event.gift.id === sent[0]?.id);
    expect(eventsOf(room).filter(({ type }) => type === 'gift')).toHaveLength(1);
    expect(await sockets[0]?.codeOf('gift:send', { ...wish, quantity: 3 })).toBe('idempotency_conflict');
  });

  it('are refused beyond the wallet, to nobody, for nonsense, without an account, and when there are too many', async () => {
    const fan = await api.register();
    await fundDirectly(backend, fan.user.id, 10);
    const [socket, guest] = [await connect(fan), await connect(null)];
    const wish = (more: object = {}) => ({
      ...{ sessionId: id, idempotencyKey: randomUUID(), giftId: rose.id },
      ...more,
    });
    const codeOf = (more: object): Promise<ErrorCode | undefined> => socket.codeOf('gift:send', wish(more));
    expect(await codeOf({ quantity: 2 })).toBe('insufficient_funds');
    expect(await codeOf({ giftId: randomUUID() })).toBe('not_found');
    expect(await codeOf({ sessionId: randomUUID() })).toBe('not_found');
    expect(await codeOf({ recipientId: fan.user.id })).toBe('conflict');
    for (const wrong of [
      { quantity: 0 },
      { idempotencyKey: '' },
      { idempotencyKey: undefined },
      { giftId: 7 },
    ])
      expect(await codeOf(wrong)).toBe('validation_failed');
    expect(await guest.codeOf('gift:send', wish())).toBe('unauthenticated');
    const answers = await Promise.all(Array.from({ length: 30 }, () => codeOf({})));
    expect(answers.filter((code) => code === undefined)).toHaveLength(1);
    expect(new Set(answers)).toEqual(new Set([undefined, 'insufficient_funds', 'rate_limited']));
    // Counted together with those over REST.
    const { giftId } = wish();
    const asked = { token: fan.accessToken, headers: keyed(), body: { giftId } };
    expect(refusalOf(await second.ask('POST', `/api/v1/sessions/${id}/gifts`, asked))).toBe(
      '429 rate_limited',
    );
    expect((await fan.client.wallet.get()).balance).toBe(0);
  });
});

describe('reminders', () => {
  it('are set and removed, again and at once, as over REST', async () => {
    const scheduledStartAt = new Date(Date.now() + 3_600_000).toISOString();
    const later = await host.client.sessions.create({ title: 'later', scheduledStartAt });
    const [socket, hosts, guest] = [await connect(ann), await connect(host, second), await connect(null)];
    const what = { sessionId: later.id };
    const set = await Promise.all([1, 2].map(() => ask(socket, 'reminder:set', what)));
    for (const { reminder } of set) expect(reminder).toMatchObject({ ...what, scheduledStartAt });
    expect((await ann.client.reminders.list({})).items.map((one) => one.id)).toEqual([later.id]);
    expect(await ask(socket, 'reminder:remove', what)).toEqual({});
    expect(await ask(socket, 'reminder:remove', what)).toEqual({});
    expect((await ann.client.reminders.list({})).items).toEqual([]);
    expect(await hosts.codeOf('reminder:set', what)).toBe('conflict');
    expect(await socket.codeOf('reminder:set', { sessionId: id })).toBe('wrong_state');
    expect(await socket.codeOf('reminder:set', { sessionId: randomUUID() })).toBe('not_found');
    expect(await guest.codeOf('reminder:set', what)).toBe('unauthenticated');
  });
});

describe('watching', () => {
  it('begins and goes on, of guests and people, as over REST', async () => {
    const [guest, socket] = [await connect(null, second), await connect(ann)];
    const { viewingToken: token, deviceToken } = await ask(guest, 'viewing:start', { id });
    expect(await guest.codeOf('viewing:heartbeat', { token })).toBeUndefined();
    await api.client.viewing.heartbeat({ token });
    const again = await ask(await connect(null), 'viewing:start', { id, deviceToken });
    expect(again.deviceToken).toBe(deviceToken);
    await Promise.all([1, 2].map(() => ask(socket, 'viewing:start', { id })));
    expect(await socket.codeOf('viewing:start', { id: randomUUID() })).toBe('not_found');
    const over = await host.client.sessions.create({ title: 'over' });
    await host.client.sessions.end({ id: over.id });
    expect(await guest.codeOf('viewing:start', { id: over.id })).toBe('wrong_state');
  });

  it('reads the history by pages, and what was written meanwhile', async () => {
    const written = [await write(ann, 'first'), await write(bob, 'second'), await write(ann, 'third')];
    const [guest, after] = [await connect(null, second), written[0]!.seq];
    const missed = await ask(guest, 'chat:history', { id, after });
    expect(missed).toEqual(await api.client.chat.history({ id, after }));
    expect(missed.items.map(({ text }) => text)).toEqual(['third', 'second']);
    const { items, nextCursor } = await ask(guest, 'chat:history', { id, limit: 1 });
    expect(items.map(({ text }) => text)).toEqual(['third']);
    const older = await ask(guest, 'chat:history', { id, limit: 1, cursor: nextCursor });
    expect(older.items.map(({ text }) => text)).toEqual(['second']);
    for (const wrong of [{ limit: 0 }, { after: -1 }, { after: 'x' }, { cursor: 7 }])
      expect(await guest.codeOf('chat:history', { id, ...wrong })).toBe('validation_failed');
    expect(await guest.codeOf('chat:history', { id: randomUUID() })).toBe('not_found');
  });

  it('reports what one sees, once however often', async () => {
    const socket = await connect(ann);
    const wish = { target: { kind: 'user', id: bob.user.id }, category: 'spam', text: 'again and again' };
    const both = await Promise.all([1, 2].map(() => ask(socket, 'report:create', wish)));
    const overRest = await second.ask('POST', '/api/v1/reports', { token: ann.accessToken, body: wish });
    expect(both.map(({ report }) => report)).toEqual([overRest.body, overRest.body]);
    const nobody = { ...wish, target: { kind: 'user', id: randomUUID() } };
    expect(await socket.codeOf('report:create', nobody)).toBe('not_found');
  });
});

describe('hosting', () => {
  it('sessions are prepared, changed and ended, by whom they belong to', async () => {
    const [hosts, socket, admins] = [await connect(host), await connect(ann, second), await connect(admin)];
    const { session } = await ask(hosts, 'session:create', { title: 'next', tags: ['one'] });
    expect(await second.client.sessions.get({ id: session.id })).toMatchObject({
      title: 'next',
      tags: ['one'],
    });
    const change = { id: session.id, title: 'changed' };
    expect(await socket.codeOf('session:update', change)).toBe('forbidden');
    await ask(socket, 'session:subscribe', { sessionId: session.id });
    const changed = await Promise.all([hosts, admins].map((who) => ask(who, 'session:update', change)));
    expect(changed.map((one) => one.session.title)).toEqual(['changed', 'changed']);
    await socket.until('session:updated');
    expect(await hosts.codeOf('session:update', { ...change, id: randomUUID() })).toBe('not_found');
    expect(await hosts.codeOf('session:create', { title: '' })).toBe('validation_failed');
    expect(await hosts.codeOf('session:create', { title: 'next', category: 'none' })).toBe(
      'validation_failed',
    );
    expect(await socket.codeOf('session:end', { id: session.id })).toBe('forbidden');
    const ended = await ask(hosts, 'session:end', { id: session.id });
    expect(ended.session).toMatchObject({ state: 'ended', stats: { messages: 0 } });
    expect(await hosts.codeOf('session:end', { id: session.id })).toBe('wrong_state');
  });

  it('people are invited to a private session, and no more', async () => {
    const [hosts, socket] = [await connect(host, second), await connect(ann)];
    const { session } = await ask(hosts, 'session:create', { title: 'ours', visibility: 'private' });
    const what = { id: session.id, userId: ann.user.id };
    const see = { sessionId: session.id };
    expect(await socket.codeOf('session:subscribe', see)).toBe('session_private');
    expect(await socket.codeOf('session:invite', what)).toBe('session_private');
    const both = await Promise.all([1, 2].map(() => ask(hosts, 'session:invite', what)));
    expect(both.map(({ invited }) => invited.user.id)).toEqual([ann.user.id, ann.user.id]);
    expect(await socket.codeOf('session:subscribe', see)).toBeUndefined();
    expect(await hosts.codeOf('session:invite', { ...what, userId: host.user.id })).toBe('conflict');
    expect(await hosts.codeOf('session:invite', { ...what, userId: randomUUID() })).toBe('not_found');
    expect(await socket.codeOf('session:uninvite', what)).toBe('forbidden');
    await ask(hosts, 'session:uninvite', what);
    expect(await hosts.codeOf('session:uninvite', what)).toBe('not_found');
    await socket.until('session:closed');
  });

  it('people are banned at once, and let in again', async () => {
    const fan = await api.register();
    const [hosts, fans, socket] = [await connect(host), await connect(fan, second), await connect(ann)];
    const what = { id, userId: fan.user.id };
    await fans.ask('chat:join', { sessionId: id });
    expect(await socket.codeOf('session:ban', what)).toBe('forbidden');
    expect(await hosts.codeOf('session:ban', { id, userId: moderator.user.id })).toBe('forbidden');
    expect(await hosts.codeOf('session:ban', { id, userId: randomUUID() })).toBe('not_found');
    const wish = { ...what, reason: 'enough', durationSec: 600 };
    const both = await Promise.all([1, 2].map(() => ask(hosts, 'session:ban', wish)));
    expect(both.map(({ ban }) => ban.user.id)).toEqual([fan.user.id, fan.user.id]);
    await fans.until('chat:closed');
    for (const name of ['viewing:start', 'chat:history'] as const)
      expect(await fans.codeOf(name, { id })).toBe('chat_banned');
    expect(await socket.codeOf('session:unban', what)).toBe('forbidden');
    await ask(hosts, 'session:unban', what);
    expect(await hosts.codeOf('session:unban', what)).toBe('not_found');
    expect(await fans.codeOf('viewing:start', { id })).toBeUndefined();
  });
});

it('each message of the contract refuses what is none of it, and guests where an account is asked for', async () => {
  const [names, who] = [Object.keys(clientMessages) as MessageName[], await api.register()];
  expect(names.length).toBeGreaterThan(40);
  const wrong: string[] = [];
  for (const name of names) {
    const { access, input } = clientMessages[name];
    const fields = input instanceof z.ZodObject ? Object.keys(input.shape) : [];
    // Neither a text, number, object nor truth value, nor a list of those.
    const garbage = [
      [[]],
      ...(fields.length > 0 ? [Object.fromEntries(fields.map((of) => [of, [[]]]))] : []),
    ];
    const [socket, guest] = [await connect(who), await connect(null)];
    for (const payload of ['none', ...garbage]) {
      const said = [await socket.codeOf(name, payload), await guest.codeOf(name, payload)];
      const expected = ['validation_failed', access === 'signedIn' ? 'unauthenticated' : 'validation_failed'];
      if (said.join() !== expected.join()) wrong.push(`${name} ${JSON.stringify(payload)}: ${said.join()}`);
    }
    for (const { socket: opened } of [socket, guest]) opened.disconnect();
  }
  expect(wrong).toEqual([]);
});
