import { randomUUID } from 'node:crypto';
import {
  chatMessage,
  chatState,
  errorBody,
  type ChatMessage,
  type ChatRules,
  type RoomEvent,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { z } from 'zod';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let host: Account;
let ann: Account;
let bob: Account;
let moderator: Account;
let admin: Account;
/** A session of the host, new for each test. */
let id: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  const chat = { CHAT_RATE_PER_USER: '1000', CHAT_RATE_PER_ADDRESS: '1000' };
  const environment = { ...chat, STAGE_RATE_PER_USER: '1000' };
  [api, second] = await Promise.all([backend.startApi(environment), backend.startApi(environment)]);
  [host, ann, bob, moderator, admin] = (await api.people(5)) as [
    ...[Account, Account, Account, Account, Account],
  ];
  await backend.giveRole(moderator, 'moderator');
  await backend.giveRole(admin, 'admin');
});
beforeEach(async () => {
  id = (await host.client.sessions.create({ title: 'room' })).id;
});
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close());

const send = (account: Account, text: string, more: { tempId?: string; replyTo?: string } = {}) =>
  account.client.chat.send({ id, tempId: randomUUID(), text, ...more });
const refusal = (account: Account | null, text: string, more: object = {}) =>
  api.refusal(account, 'POST', `/sessions/${id}/chat/messages`, { tempId: randomUUID(), text, ...more });
const rules = (changes: Partial<ChatRules>) => host.client.chat.setRules({ id, ...changes });

async function join(account: Account | null, where: TestApi = api) {
  const auth = account === null ? {} : { token: account.accessToken };
  const socket = await TestSocket.connect(where.url, auth);
  const state = chatState.parse(await socket.ask('chat:join', { sessionId: id }));
  return { socket, state };
}
const eventsOf = (socket: TestSocket): RoomEvent[] =>
  socket.of('session:events').flatMap(({ events }) => events);
const messagesOf = (socket: TestSocket): ChatMessage[] =>
  eventsOf(socket).flatMap((event) => (event.type === 'message' ? [event.message] : []));
const until = (what: string, isSo: () => boolean | Promise<boolean>) => waitUntil(what, isSo, 60_000);
const untilEvent = (socket: TestSocket, isIt: (event: RoomEvent) => boolean) =>
  until('an event', () => eventsOf(socket).some(isIt));
const untilMessages = (socket: TestSocket, count: number) =>
  until(`${count} messages`, () => messagesOf(socket).length >= count);

describe('writing', () => {
  it('is told to all at all nodes, once each, whichever way and however often it was sent', async () => {
    const [one, two, guest] = await Promise.all([join(ann), join(bob, second), join(null, second)]);
    const wish = { id, tempId: 't1', text: 'one' };
    const answers = await Promise.all([
      one.socket.ask('chat:send', wish),
      ann.client.chat.send(wish),
      second.clientOf(ann.accessToken).chat.send(wish),
    ]);
    const stored = z.object({ message: chatMessage }).parse(answers[0]).message;
    expect(answers.slice(1)).toEqual([stored, stored]);
    expect(stored).toMatchObject({ seq: 1, role: 'viewer', text: 'one', sender: { id: ann.user.id } });
    const reply = await send(host, 'two', { replyTo: stored.id });
    expect(reply).toMatchObject({ seq: 2, role: 'host', replyTo: { id: stored.id, text: 'one' } });
    for (const { socket } of [one, two, guest]) {
      await untilMessages(socket, 2);
      expect(messagesOf(socket).sort((a, b) => a.seq - b.seq)).toEqual([stored, reply]);
    }
    expect(await ann.client.chat.history({ id })).toMatchObject({ items: [reply, stored], nextCursor: null });
  });

  it('numbers what many write at once without gaps', async () => {
    const say = (nth: number): Promise<ChatMessage> => {
      const [node, one] = [nth % 2 === 0 ? api : second, nth % 4 < 2 ? ann : bob];
      return node.clientOf(one.accessToken).chat.send({ id, tempId: `n${nth}`, text: `text ${nth}` });
    };
    const sent = await Promise.all(Array.from({ length: 40 }, (_, nth) => say(nth)));
    const numbers = sent.map(({ seq }) => seq).sort((one, other) => one - other);
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, nth) => nth + 1));
  });

  it('is refused with the reason', async () => {
    expect(await refusal(null, 'x')).toBe('401 unauthenticated');
    expect(await refusal(ann, '\u202e')).toBe('422 validation_failed');
    expect(await refusal(ann, 'x'.repeat(501))).toBe('422 chat_too_long');
    expect(await refusal(ann, 'x', { tempId: 'a b' })).toBe('422 validation_failed');
    expect(await refusal(ann, 'x', { replyTo: randomUUID() })).toBe('404 not_found');
    const nowhere = `/sessions/${randomUUID()}/chat/messages`;
    expect(await api.refusal(ann, 'POST', nowhere, { tempId: 't', text: 'x' })).toBe('404 not_found');
    const { socket } = await join(null);
    expect(await socket.codeOf('chat:send', { id, tempId: 't', text: 'x' })).toBe('unauthenticated');
    expect(await socket.codeOf('chat:typing', { sessionId: id })).toBe('unauthenticated');
    expect(await socket.codeOf('chat:join', { sessionId: randomUUID() })).toBe('not_found');
    await send(ann, 'the same');
    expect(await refusal(ann, 'THE same!')).toBe('409 chat_duplicate');
    await send(bob, 'the same');
    await host.client.sessions.end({ id });
    expect(await refusal(ann, 'late')).toBe('409 wrong_state');
  });

  it('is limited for each user; the host and moderators are above it', async () => {
    const slow = await backend.startApi({ CHAT_RATE_PER_USER: '1' });
    const other = await slow.register();
    const ask = (nth: number) =>
      slow.ask('POST', `/api/v1/sessions/${id}/chat/messages`, {
        token: other.accessToken,
        body: { tempId: `r${nth}`, text: `${nth}` },
      });
    const answers = await Promise.all([1, 2, 3, 4].map(ask));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 429, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(errorBody.parse(refused?.body).error.code).toBe('rate_limited');
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    const above = slow.clientOf(host.accessToken);
    for (const nth of [1, 2, 3]) await above.chat.send({ id, tempId: `h${nth}`, text: `${nth}` });
  });
});

describe('settings', () => {
  it('are the host’s and moderators’ to change, and told at once without the banned words', async () => {
    const { socket } = await join(ann, second);
    const path = `/sessions/${id}/chat/rules`;
    expect(await api.refusal(ann, 'PATCH', path, { slowModeSec: 5 })).toBe('403 forbidden');
    expect(await api.refusal(ann, 'GET', path)).toBe('403 forbidden');
    expect(await api.refusal(host, 'PATCH', path, { slowModeSec: -1 })).toBe('422 validation_failed');
    expect(await api.refusal(host, 'PATCH', path, { bannedWords: ['!!!'] })).toBe('422 validation_failed');
    const set = await moderator.client.chat.setRules({ id, slowModeSec: 5, bannedWords: ['rude'] });
    expect(await host.client.chat.rules({ id })).toEqual(set);
    const { bannedWords, ...settings } = set;
    expect(bannedWords).toEqual(['rude']);
    await untilEvent(socket, ({ type }) => type === 'settings');
    expect(eventsOf(socket)).toContainEqual({ type: 'settings', settings });
    expect((await join(bob)).state.settings).toEqual(settings);
  });

  it('slow mode: one message at a time, of many at once, too; its retry is no other message', async () => {
    await rules({ slowModeSec: 600 });
    const texts = ['one', 'two', 'three'];
    const answers = await Promise.all(texts.map((text) => outcome(ann, text)));
    expect(answers.sort()).toEqual(['429 chat_slow_mode', '429 chat_slow_mode', 'sent']);
    const sent = await send(bob, 'mine', { tempId: 'again' });
    expect(await send(bob, 'mine', { tempId: 'again' })).toEqual(sent);
    for (const text of texts) await send(moderator, text);
  });

  it('followers only, from an age on; verified only', async () => {
    await rules({ followersOnly: true });
    expect(await refusal(ann, 'x')).toBe('403 chat_followers_only');
    await ann.client.people.follow({ id: host.user.id });
    await send(ann, 'follower');
    await rules({ followersMinSec: 3_600 });
    expect(await refusal(ann, 'y')).toBe('403 chat_followers_only');
    await ann.client.people.unfollow({ id: host.user.id });
    await rules({ followersOnly: false, verifiedOnly: true });
    expect(await refusal(ann, 'z')).toBe('403 chat_verified_only');
    await backend.database.user.update({ where: { id: ann.user.id }, data: { googleSubject: randomUUID() } });
    await send(ann, 'verified');
  });

  it('links, emoji only, length, unique messages, the shield', async () => {
    await rules({ linksOff: true, maxLength: 10, uniqueOnly: true });
    expect(await refusal(ann, 'example.com')).toBe('422 chat_too_long');
    expect(await refusal(ann, 'a.com')).toBe('422 chat_links_off');
    await send(bob, 'heard');
    expect(await refusal(ann, 'heard')).toBe('409 chat_duplicate');
    await rules({ emojiOnly: true, maxLength: 500 });
    expect(await refusal(ann, 'text')).toBe('422 chat_emoji_only');
    expect(await refusal(ann, `${'👍'.repeat(240)}x`)).toBe('422 chat_emoji_only');
    await send(ann, '🎉');
    await send(host, 'see a.com');
    await rules({ emojiOnly: false, linksOff: false, shield: true });
    expect(await refusal(ann, 'shielded')).toBe('403 chat_followers_only');
  });

  it('words of the session and of the platform, however they are written', async () => {
    await rules({ bannedWords: ['غبي', `${'*a*b'.repeat(14)}*c`] });
    await send(ann, 'ab'.repeat(240));
    expect(await refusal(ann, 'يا غَبـــيّ')).toBe('422 chat_word_banned');
    expect(await api.refusal(ann, 'GET', '/admin/banned-words')).toBe('403 forbidden');
    expect(await api.refusal(moderator, 'POST', '/admin/banned-words', { word: 'x' })).toBe('403 forbidden');
    expect(await api.refusal(admin, 'POST', '/admin/banned-words', { word: '!' })).toBe(
      '422 validation_failed',
    );
    const added = await admin.client.bannedWords.add({ word: 'Blorf' });
    expect(await api.refusal(admin, 'POST', '/admin/banned-words', { word: 'blоrf' })).toBe(
      '409 already_taken',
    );
    expect((await moderator.client.bannedWords.list()).items).toEqual([added]);
    expect(await refusal(ann, 'you bl0rf!')).toBe('422 chat_word_banned');
    await send(host, 'blorf');
    await until('the other node', async () => {
      return (await outcome(bob, `blorf ${randomUUID()}`, second)) === '422 chat_word_banned';
    });
    await admin.client.bannedWords.remove({ id: added.id });
    expect(await api.refusal(admin, 'DELETE', `/admin/banned-words/${added.id}`)).toBe('404 not_found');
    await send(ann, 'you blorf!');
  });

  it('a delay: the host and moderators are first, and what they delete nobody else sees', async () => {
    const delaySec = 5;
    await rules({ delaySec });
    const [boss, viewer] = [(await join(host)).socket, (await join(bob, second)).socket];
    const late: string[] = [];
    // One that is deleted before viewers are told: on a machine that stands still meanwhile another one.
    const deleteInTime = async (): Promise<void> => {
      const { id: messageId, createdAt } = await send(ann, `deleted ${randomUUID()}`);
      await until('the host to be told', () => messagesOf(boss).some((one) => one.id === messageId));
      await moderator.client.chat.delete({ id, messageId });
      if (Date.now() < Date.parse(createdAt) + delaySec * 1_000) return;
      late.push(messageId);
      await deleteInTime();
    };
    await deleteInTime();
    const kept = await send(ann, 'kept');
    const seen = () => messagesOf(viewer).filter((one) => !late.includes(one.id));
    const isSeen = (message: ChatMessage) => () => seen().some((one) => one.id === message.id);
    await until('the one that was kept', isSeen(kept));
    const last = await send(moderator, 'from above');
    await until('the last one', isSeen(last));
    expect(seen()).toEqual([kept, last]);
    expect((await ann.client.chat.history({ id })).items.map(({ seq }) => seq)).toContain(kept.seq);
  });
});

describe('in the room', () => {
  it('a deletion by the author, the host or a moderator reaches all; nobody else’s', async () => {
    const { socket } = await join(null, second);
    const [own, other] = [await send(ann, 'own'), await send(ann, 'other')];
    const path = `/sessions/${id}/chat/messages`;
    expect(await api.refusal(bob, 'DELETE', `${path}/${own.id}`)).toBe('403 forbidden');
    expect(await api.refusal(null, 'DELETE', `${path}/${own.id}`)).toBe('401 unauthenticated');
    expect(await api.refusal(ann, 'DELETE', `${path}/${randomUUID()}`)).toBe('404 not_found');
    const answers = await Promise.all([1, 2].map(() => ann.client.chat.delete({ id, messageId: own.id })));
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).toMatchObject({ text: '', deletedAt: expect.any(String) });
    await host.client.chat.delete({ id, messageId: other.id });
    await untilEvent(socket, (event) => event.type === 'messageDeleted' && event.id === other.id);
    const told = eventsOf(socket).filter(({ type }) => type === 'messageDeleted');
    expect(told).toEqual([own, other].map((one) => ({ type: 'messageDeleted', id: one.id, seq: one.seq })));
    expect((await bob.client.chat.history({ id })).items.map(({ text }) => text)).toEqual(['', '']);
  });

  it('pins are told, bounded, and there for who comes', async () => {
    const { socket } = await join(ann, second);
    const sent: ChatMessage[] = [];
    for (const nth of [1, 2, 3, 4, 5, 6]) sent.push(await send(host, `pin ${nth}`));
    const path = (nth: number) => `/sessions/${id}/chat/pins/${sent[nth]?.id}`;
    expect(await api.refusal(ann, 'POST', path(0))).toBe('403 forbidden');
    const answers = await Promise.all(
      sent.map((_, nth) => api.ask('POST', `/api/v1${path(nth)}`, { token: host.accessToken })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 409]);
    const { pins } = (await join(bob)).state;
    expect(pins).toHaveLength(5);
    const [first] = pins;
    await moderator.client.chat.unpin({ id, messageId: first?.id ?? '' });
    await host.client.chat.delete({ id, messageId: pins[1]?.id ?? '' });
    await untilEvent(socket, (event) => event.type === 'pins' && event.pins.length === 3);
    expect((await ann.client.chat.state({ id })).pins).toEqual(pins.slice(2));
  });

  it('history goes back and forth, and from the last number that was seen', async () => {
    for (const nth of [1, 2, 3, 4, 5]) await send(ann, `text ${nth}`);
    const read = async (wish: object) => {
      const page = await ann.client.chat.history({ id, limit: 2, ...wish });
      return { ...page, numbers: page.items.map(({ seq }) => seq) };
    };
    const newest = await read({});
    const older = await read({ cursor: newest.nextCursor });
    const oldest = await read({ cursor: older.nextCursor });
    expect([newest.numbers, older.numbers, oldest.numbers]).toEqual([[5, 4], [3, 2], [1]]);
    expect(oldest.nextCursor).toBeNull();
    expect((await read({ cursor: older.previousCursor })).numbers).toEqual([5, 4]);
    expect((await read({ after: 1 })).numbers).toEqual([3, 2]);
    expect((await read({ after: 5 })).numbers).toEqual([]);
    expect(await api.refusal(ann, 'GET', `/sessions/${id}/chat/messages?cursor=x`)).toBe(
      '422 validation_failed',
    );
  });

  it('who comes, goes and types is told', async () => {
    const { socket } = await join(host);
    const other = await join(ann, second);
    await untilEvent(
      socket,
      (event) => event.type === 'joined' && event.users.some((one) => one.id === ann.user.id),
    );
    expect(await other.socket.ask('chat:typing', { sessionId: id })).toEqual({});
    await untilEvent(socket, (event) => event.type === 'typing' && event.users[0]?.id === ann.user.id);
    other.socket.socket.disconnect();
    await untilEvent(socket, (event) => event.type === 'left');
    const stranger = await TestSocket.connect(api.url, { token: bob.accessToken });
    expect(await stranger.codeOf('chat:typing', { sessionId: id })).toBe('forbidden');
  });

  it('a ban ends it at once at all nodes, with what was written; who is banned neither reads nor writes', async () => {
    const [boss, other] = [(await join(host)).socket, (await join(bob, second)).socket];
    await send(bob, 'spam');
    await host.client.bans.create({ id, userId: bob.user.id });
    await other.until('chat:closed');
    expect(other.of('chat:closed')).toEqual([{ sessionId: id, code: 'chat_banned' }]);
    await untilEvent(boss, (event) => event.type === 'senderDeleted' && event.userId === bob.user.id);
    const after = await send(ann, 'after');
    await untilMessages(boss, 2);
    expect(messagesOf(other).map(({ seq }) => seq)).not.toContain(after.seq);
    expect(await other.codeOf('chat:send', { id, tempId: 'b', text: 'more' })).toBe('chat_banned');
    expect(await other.codeOf('chat:join', { sessionId: id })).toBe('chat_banned');
    expect(await api.refusal(bob, 'GET', `/sessions/${id}/chat/messages`)).toBe('403 chat_banned');
    expect((await ann.client.chat.history({ id })).items.map(({ text }) => text)).toEqual(['after', '']);
    await host.client.bans.remove({ id, userId: bob.user.id });
    await send(bob, 'forgiven');
  });

  it('people who block each other don’t read each other; past the host’s block there is no chat', async () => {
    const [hidden, shown] = [await send(ann, 'from ann'), await send(host, 'from the host')];
    await bob.client.blocks.create({ id: ann.user.id });
    for (const [reader, numbers] of [
      [bob, [shown.seq]],
      [host, [shown.seq, hidden.seq]],
    ] as const) {
      expect((await reader.client.chat.history({ id })).items.map(({ seq }) => seq)).toEqual(numbers);
    }
    expect(await refusal(bob, 'reply', { replyTo: hidden.id })).toBe('404 not_found');
    // Nor live, at whichever node; nobody else misses anything.
    const readers = [await join(bob, second), await join(ann), await join(host)];
    const texts = ({ socket }: (typeof readers)[number]) =>
      socket
        .of('session:events')
        .flatMap(({ events }) =>
          events.flatMap((event) => (event.type === 'message' ? [event.message.text] : [])),
        );
    const round = async (nth: number) => {
      for (const one of [ann, bob, host]) await send(one, `${nth} of ${one.user.id}`);
      const ours = `${nth} of ${host.user.id}`;
      await waitUntil('the last', () => readers.every((one) => texts(one).includes(ours)), 60_000);
      return readers.map((one) => [ann, bob].map(({ user }) => texts(one).includes(`${nth} of ${user.id}`)));
    };
    const apart = [
      [false, true],
      [true, false],
      [true, true],
    ];
    expect(await round(1)).toEqual(apart);
    await bob.client.blocks.remove({ id: ann.user.id });
    expect(await round(2)).toEqual([1, 2, 3].map(() => [true, true]));
    await ann.client.blocks.create({ id: bob.user.id });
    expect(await round(3)).toEqual(apart);
    await ann.client.blocks.remove({ id: bob.user.id });
    const { socket } = readers[0] as (typeof readers)[number];
    await host.client.blocks.create({ id: bob.user.id });
    expect(await socket.codeOf('chat:send', { id, tempId: 'b', text: 'x' })).toBe('not_found');
    expect(await refusal(bob, 'x')).toBe('404 not_found');
    await host.client.blocks.remove({ id: bob.user.id });
  });
});

/** What becomes of a message: sent, or how it was refused. */
async function outcome(account: Account, text: string, where: TestApi = api): Promise<string> {
  const body = { tempId: randomUUID(), text };
  const path = `/api/v1/sessions/${id}/chat/messages`;
  const answer = await where.ask('POST', path, { token: account.accessToken, body });
  return answer.status === 201 ? 'sent' : refusalOf(answer);
}
