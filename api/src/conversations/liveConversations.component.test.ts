import { randomUUID } from 'node:crypto';
import { conversationMessage, type Message, type ServerEventName } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { z } from 'zod';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let ann: Account;
let bob: Account;
let cat: Account;
/** A group of the three, new for each test; Ann owns it. Bob and Cat are connected to another node than Ann. */
let id: string;
let socketOf: { ann: TestSocket; bob: TestSocket; cat: TestSocket };

beforeAll(async () => {
  backend = await TestBackend.start();
  const environment = { CONVERSATION_RATE_PER_USER: '10000', MESSAGE_RATE_PER_USER: '10000' };
  api = await backend.startApi(environment);
  second = await backend.startApi(environment);
});
beforeEach(async () => {
  [ann, bob, cat] = (await Promise.all([1, 2, 3].map(() => api.register()))) as [Account, Account, Account];
  const memberIds = [bob.user.id, cat.user.id];
  id = (await ann.client.conversations.create({ kind: 'group', name: 'three', memberIds })).id;
  const [one, two, three] = await Promise.all([
    connect(api, ann),
    connect(second, bob),
    connect(second, cat),
  ]);
  socketOf = { ann: one, bob: two, cat: three };
});
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close());

const connect = (where: TestApi, { accessToken }: Account) =>
  TestSocket.connect(where.url, { token: accessToken });
const sentAnswer = z.object({ message: conversationMessage });
async function sendOver(socket: TestSocket, text: string, tempId: string = randomUUID()): Promise<Message> {
  return sentAnswer.parse(await socket.ask('message:send', { id, tempId, text })).message;
}
const all = (): TestSocket[] => Object.values(socketOf);
const untilAll = (event: ServerEventName, count = 1) =>
  Promise.all(all().map((socket) => socket.until(event, count)));
/** What is told after this was told is told after everything before it. */
async function settle(...sockets: TestSocket[]): Promise<void> {
  const memberIds = [ann.user.id, bob.user.id];
  const mark = (await cat.client.conversations.create({ kind: 'group', name: 'mark', memberIds })).id;
  const isTold = (socket: TestSocket) =>
    socket.of('conversation:created').some(({ conversation }) => conversation.id === mark);
  await waitUntil('the mark', () => sockets.every(isTold), 60_000);
}

it('messages come to the members at all nodes, once each, whichever way they were sent', async () => {
  const [over, again] = [
    await sendOver(socketOf.ann, 'one', 't1'),
    await sendOver(socketOf.ann, 'one', 't1'),
  ];
  expect(again).toEqual(over);
  const [rest] = await Promise.all([
    bob.client.messages.send({ id, tempId: 't2', text: 'two' }),
    second.clientOf(bob.accessToken).messages.send({ id, tempId: 't2', text: 'two' }),
  ]);
  await untilAll('message:created', 2);
  await settle(...all());
  for (const socket of all()) {
    const told = socket.of('message:created').map(({ message }) => message);
    expect(told.sort((one, other) => one.seq - other.seq)).toEqual([over, rest]);
  }
});

it('edits and deletions are told with their revision', async () => {
  const sent = await sendOver(socketOf.bob, 'before');
  const edited = await bob.client.messages.edit({ id: sent.id, text: 'after' });
  const again = await socketOf.bob.ask('message:edit', { id: sent.id, text: 'after' });
  expect(again).toEqual({ message: edited });
  const deleted = await ann.client.messages.delete({ id: sent.id });
  expect(await socketOf.ann.ask('message:delete', { id: sent.id })).toEqual({ message: deleted });
  await untilAll('message:deleted');
  await settle(...all());
  for (const socket of all()) {
    expect(socket.of('message:updated')).toEqual([{ message: edited }]);
    expect(socket.of('message:deleted')).toEqual([{ message: deleted }]);
  }
});

it('a message is edited and deleted over a socket, by who may', async () => {
  const { id: messageId } = await sendOver(socketOf.bob, 'before');
  const edit = { id: messageId, text: 'after' };
  const guest = await TestSocket.connect(api.url);
  for (const [name, body] of [
    ['message:edit', edit],
    ['message:delete', { id: messageId }],
  ] as const) {
    expect(await guest.codeOf(name, body)).toBe('unauthenticated');
    expect(await socketOf.cat.codeOf(name, body)).toBe('forbidden');
    expect(await socketOf.bob.codeOf(name, { ...body, id: randomUUID() })).toBe('not_found');
    expect(await socketOf.bob.codeOf(name, { ...body, id: 'x' })).toBe('validation_failed');
  }
  expect(await socketOf.bob.ask('message:edit', edit)).toMatchObject({ message: { text: 'after' } });
  await socketOf.bob.ask('message:delete', { id: messageId });
  await untilAll('message:deleted');
  expect(socketOf.cat.of('message:updated').map(({ message }) => message.text)).toEqual(['after']);
});

it('a message is forwarded, and the history read, over a socket, as over REST', async () => {
  const sent = await sendOver(socketOf.bob, 'pass it on');
  const other = await bob.client.conversations.direct({ userId: ann.user.id });
  const forward = { id: sent.id, conversationId: other.id, tempId: 'f1' };
  const { message } = (await socketOf.bob.ask('message:forward', forward)) as { message: object };
  expect(message).toMatchObject({ conversationId: other.id, text: 'pass it on', forwarded: true });
  expect(await bob.client.messages.forward(forward)).toEqual(message);
  expect(await socketOf.cat.codeOf('message:forward', forward)).toBe('not_found');
  const page = await socketOf.ann.ask('message:history', { id: other.id, limit: 1 });
  expect(page).toMatchObject({ items: [message], nextCursor: null });
  expect(page).toEqual(await ann.client.messages.history({ id: other.id, limit: 1 }));
  expect(await socketOf.cat.codeOf('message:history', { id: other.id })).toBe('not_found');
  expect(await socketOf.ann.codeOf('message:history', { id, cursor: 'x' })).toBe('validation_failed');
});

it('an answer to what was written before somebody came is told to them without that, and whole to the others', async () => {
  const eve = await api.register();
  const first = await sendOver(socketOf.ann, 'only among us');
  await ann.client.conversations.addMembers({ id, userIds: [eve.user.id] });
  const late = await connect(second, eve);
  const reply = await bob.client.messages.send({ id, tempId: 'r', text: 'yes', replyTo: first.id });
  await bob.client.messages.edit({ id: reply.id, text: 'no' });
  for (const socket of [late, socketOf.cat]) {
    await socket.until('message:updated');
    for (const event of ['message:created', 'message:updated'] as const) {
      const told = socket.of(event).filter(({ message }) => message.id === reply.id);
      const expected =
        socket === late ? { available: false, text: '' } : { available: true, text: first.text };
      expect(told.map(({ message }) => message.replyTo)).toMatchObject([expected]);
    }
  }
  expect(JSON.stringify(late.told)).not.toContain('only among us');
});

it('a message over a socket is refused as over REST', async () => {
  const guest = await TestSocket.connect(api.url);
  const body = { id, tempId: 't', text: 'x' };
  expect(await guest.codeOf('message:send', body)).toBe('unauthenticated');
  expect(await socketOf.ann.codeOf('message:send', { ...body, id: randomUUID() })).toBe('not_found');
  expect(await socketOf.ann.codeOf('message:send', { ...body, text: '\u202e' })).toBe('validation_failed');
  expect(await socketOf.ann.codeOf('message:send')).toBe('validation_failed');
  expect(await socketOf.ann.codeOf('message:read', { id: randomUUID(), seq: 1 })).toBe('not_found');
});

it('messages over sockets count once, together with those over REST', async () => {
  const limited = await backend.startApi({ MESSAGE_RATE_PER_USER: '3' });
  const socket = await connect(limited, ann);
  await sendOver(socket, 'one');
  await limited.clientOf(ann.accessToken).messages.send({ id, tempId: 'two', text: 'two' });
  await sendOver(socket, 'three');
  expect(await socket.codeOf('message:send', { id, tempId: 'four', text: 'four' })).toBe('rate_limited');
});

it('who reads is told to those who have the group open, and to both of a direct conversation', async () => {
  await sendOver(socketOf.ann, 'one');
  await socketOf.ann.ask('conversation:subscribe', { conversationId: id });
  await socketOf.bob.ask('message:read', { id, seq: 1 });
  await socketOf.bob.ask('message:read', { id, seq: 1 });
  const direct = (await ann.client.conversations.direct({ userId: bob.user.id })).id;
  await ann.client.messages.send({ id: direct, tempId: 'd', text: 'hello' });
  await bob.client.messages.read({ id: direct, seq: 1 });
  const [userId, lastReadSeq] = [bob.user.id, 1];
  const told = [
    { conversationId: id, userId, lastReadSeq },
    { conversationId: direct, userId, lastReadSeq },
  ];
  for (const socket of [socketOf.ann, socketOf.bob]) {
    await socket.until('member:read', 2);
    expect(socket.of('member:read')).toEqual(told);
  }
  await settle(socketOf.cat);
  expect(socketOf.cat.of('member:read')).toEqual([]);
});

describe('typing', () => {
  const subscribe = (...sockets: TestSocket[]) =>
    Promise.all(sockets.map((socket) => socket.ask('conversation:subscribe', { conversationId: id })));

  it('is told to those who have the conversation open, and ends by itself', async () => {
    await subscribe(socketOf.ann, socketOf.cat);
    for (let time = 0; time < 3; time++) {
      expect(await socketOf.bob.ask('typing:start', { conversationId: id })).toEqual({});
    }
    await socketOf.ann.until('typing:stopped');
    const { id: userId, username, displayName } = bob.user;
    const user = { id: userId, username, displayName };
    expect(socketOf.ann.of('typing:started')[0]).toEqual({ conversationId: id, user, expiresInSec: 6 });
    expect(socketOf.ann.of('typing:stopped')).toEqual([{ conversationId: id, userId }]);
    expect(socketOf.bob.of('typing:started')).toEqual([]);
  });

  it('ends when it is said, with a message, and with the connection', async () => {
    await subscribe(socketOf.ann);
    await socketOf.bob.ask('typing:start', { conversationId: id });
    await socketOf.bob.ask('typing:stop', { conversationId: id });
    await socketOf.bob.ask('typing:stop', { conversationId: id });
    await socketOf.ann.until('typing:stopped');
    await socketOf.bob.ask('typing:start', { conversationId: id });
    await sendOver(socketOf.bob, 'done');
    await socketOf.bob.ask('typing:stop', { conversationId: id });
    await socketOf.ann.until('message:created');
    await settle(socketOf.ann);
    expect(socketOf.ann.of('typing:stopped')).toHaveLength(1);
    await socketOf.cat.ask('typing:start', { conversationId: id });
    await socketOf.ann.until('typing:started', 3);
    socketOf.cat.socket.disconnect();
    await socketOf.ann.until('typing:stopped', 2);
  });

  it('is for members alone', async () => {
    const eve = await connect(api, await api.register());
    for (const name of ['typing:start', 'conversation:subscribe']) {
      expect(await eve.codeOf(name, { conversationId: id })).toBe('not_found');
      expect(await eve.codeOf(name, { conversationId: 'x' })).toBe('validation_failed');
    }
  });
});

it('people who come, go and change are told of, and who is out hears nothing more', async () => {
  const dan = await api.register();
  const there = await connect(second, dan);
  await ann.client.conversations.addMembers({ id, userIds: [dan.user.id, cat.user.id] });
  await there.until('conversation:created');
  await untilAll('member:joined');
  const joined = socketOf.bob.of('member:joined');
  expect(joined.map(({ members }) => members.map(({ user }) => user.id))).toEqual([[dan.user.id]]);
  await ann.client.conversations.update({ id, name: 'four' });
  await ann.client.conversations.setRole({ id, userId: cat.user.id, role: 'admin' });
  await untilAll('member:updated');
  expect(socketOf.cat.of('conversation:updated')).toMatchObject([
    { conversation: { id, name: 'four', memberCount: 4 } },
  ]);
  for (const socket of [there, ...all()]) await socket.ask('conversation:subscribe', { conversationId: id });
  await ann.client.conversations.removeMember({ id, userId: dan.user.id });
  await there.until('member:left');
  await socketOf.bob.ask('typing:start', { conversationId: id });
  await sendOver(socketOf.bob, 'among us');
  await untilAll('message:created');
  await ann.client.conversations.leave({ id });
  await socketOf.bob.until('member:updated', 2);
  expect(socketOf.bob.of('member:updated')[1]).toMatchObject({
    member: { role: 'owner', user: { id: cat.user.id } },
  });
  await cat.client.conversations.delete({ id });
  await socketOf.bob.until('conversation:deleted');
  expect([there.of('message:created'), there.of('typing:started'), there.of('conversation:deleted')]).toEqual(
    [[], [], []],
  );
  expect(socketOf.ann.of('conversation:deleted')).toEqual([]);
});

it('past a block nothing is told between two people, at all nodes at once', async () => {
  const direct = (await ann.client.conversations.direct({ userId: bob.user.id })).id;
  const sent = await ann.client.messages.send({ id: direct, tempId: 'd', text: 'hello' });
  for (const socket of [socketOf.ann, socketOf.bob]) {
    await socket.ask('conversation:subscribe', { conversationId: direct });
  }
  await socketOf.ann.ask('typing:start', { conversationId: direct });
  await socketOf.bob.until('typing:started');
  await bob.client.blocks.create({ id: ann.user.id });
  expect(await socketOf.ann.codeOf('typing:start', { conversationId: direct })).toBe('messages_refused');
  await bob.client.messages.read({ id: direct, seq: 1 });
  expect(await ann.client.messages.readers({ id: sent.id })).toEqual({ items: [] });
  const { items } = await ann.client.conversations.members({ id: direct });
  expect(items.map(({ user, lastReadSeq }) => [user.id === bob.user.id, lastReadSeq]).sort()).toEqual([
    [false, 1],
    [true, null],
  ]);
  await ann.client.messages.delete({ id: sent.id });
  await socketOf.ann.until('message:deleted');
  await settle(...all());
  expect(socketOf.bob.of('message:deleted')).toEqual([]);
  expect(socketOf.ann.of('member:read')).toEqual([]);
  for (const socket of [socketOf.ann, socketOf.bob]) {
    expect(await socket.codeOf('conversation:subscribe', { conversationId: direct })).toBe(
      'messages_refused',
    );
  }
  await bob.client.blocks.remove({ id: ann.user.id });
  await socketOf.ann.ask('typing:stop', { conversationId: direct });
  await socketOf.ann.ask('typing:start', { conversationId: direct });
  await settle(socketOf.bob);
  expect(socketOf.bob.of('typing:started')).toHaveLength(1);
});
