import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import {
  clientMessages,
  errorBody,
  type ErrorCode,
  type Gift,
  type MessageInput,
  type MessageName,
  type MessageOutput,
  type RoomEvent,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { Life } from '../testing/Life.ts';
import { expectBalancedBooks, fundDirectly, keyed } from '../testing/money.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

// Other work may keep the machine busy.
jest.setTimeout(90_000);

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
}, 120_000);
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close(), 60_000);

const connect = (account: Account | null, where = api): Promise<TestSocket> =>
  TestSocket.connect(where.url, account === null ? {} : { token: account.accessToken });
/** Asks with any payload, and parses the answer with the contract. Rejects with the code of a refusal. */
async function ask<N extends MessageName>(
  socket: TestSocket,
  name: N,
  payload: object,
): Promise<MessageOutput<N>> {
  const answer = await socket.ask(name, payload);
  const refused = errorBody.safeParse(answer);
  if (refused.success) throw new Error(refused.data.error.code);
  return clientMessages[name].output.parse(answer) as MessageOutput<N>;
}
const eventsOf = (socket: TestSocket): RoomEvent[] =>
  socket.of('session:events').flatMap(({ events }) => events);
const untilEvent = (socket: TestSocket, isIt: (event: RoomEvent) => boolean) =>
  waitUntil('an event', () => eventsOf(socket).some(isIt), 30_000);
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
    expect(await socket.codeOf('chat:mute', { id, userId: bob.user.id })).toBe('forbidden');
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

it('what is not of the contract is refused, whatever is asked', async () => {
  const [socket, guest] = [await connect(bob), await connect(null)];
  const names = [
    ...(['chat:delete', 'chat:pin', 'chat:unpin', 'chat:rules', 'chat:setRules', 'chat:mute'] as const),
    ...(['chat:unmute', 'session:kick', 'gift:send', 'reminder:set', 'reminder:remove'] as const),
  ] satisfies MessageName[];
  for (const name of names) {
    const payload: Partial<MessageInput<'chat:rules'>> = { id: 'x' };
    expect([name, await socket.codeOf(name, payload)]).toEqual([name, 'validation_failed']);
    expect([name, await guest.codeOf(name, payload)]).toEqual([name, 'unauthenticated']);
  }
});
