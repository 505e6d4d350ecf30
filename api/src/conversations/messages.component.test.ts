import { randomUUID } from 'node:crypto';
import { maxTextLength, type HistoryPage, type Message } from '@maydan/contracts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let ann: Account;
let bob: Account;
let cat: Account;
/** A group of the three, new for each test; Ann owns it. */
let id: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  const environment = { CONVERSATION_RATE_PER_USER: '10000', MESSAGE_RATE_PER_USER: '10000' };
  api = await backend.startApi(environment);
  second = await backend.startApi(environment);
  [ann, bob, cat] = (await Promise.all([1, 2, 3].map(() => api.register()))) as [Account, Account, Account];
});
beforeEach(async () => {
  const memberIds = [bob.user.id, cat.user.id];
  id = (await ann.client.conversations.create({ kind: 'group', name: 'three', memberIds })).id;
});
afterAll(() => backend?.close());

const at = (where: TestApi, account: Account) => where.clientOf(account.accessToken);
const refusal: TestApi['refusal'] = (...request) => api.refusal(...request);
const send = (from: Account, text: string, more: { tempId?: string; replyTo?: string; id?: string } = {}) =>
  from.client.messages.send({ id, tempId: randomUUID(), text, ...more });
const seqs = ({ items }: HistoryPage): number[] => items.map(({ seq }) => seq);
const unreadOf = async (account: Account): Promise<number | undefined> =>
  (await account.client.conversations.get({ id })).membership?.unread;
async function write(from: Account, count: number): Promise<Message[]> {
  const sent: Message[] = [];
  for (let done = 0; done < count; done++) sent.push(await send(from, `text ${done}`));
  return sent;
}

describe('a message', () => {
  it('is stored clean, answered whole, and found by its id', async () => {
    const sent = await send(ann, '  السَّلامُ عَلَيْكُم\r\n‮abc‬\u0000 ');
    const { id: userId, username, displayName } = ann.user;
    expect(sent).toMatchObject({
      ...{ conversationId: id, seq: 1, kind: 'text', text: 'السَّلامُ عَلَيْكُم\nabc', revision: 0 },
      ...{ sender: { id: userId, username, displayName }, replyTo: null, forwarded: false },
      ...{ editedAt: null, deletedAt: null },
    });
    expect(await bob.client.messages.get({ id: sent.id })).toEqual(sent);
    expect((await bob.client.conversations.list({})).items[0]).toMatchObject({
      lastMessage: sent,
      lastSeq: 1,
    });
  });

  it('is stored once for its tempId, also when it is sent at once over two nodes', async () => {
    const tempId = 'temp-1';
    const answers = await Promise.all(
      [api, second, api, second, api, second].map((where) =>
        at(where, ann).messages.send({ id, tempId, text: 'once' }),
      ),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((await send(bob, 'another', { tempId })).seq).toBe(2);
    await ann.client.messages.edit({ id: answers[0]!.id, text: 'changed' });
    expect(await send(ann, 'once', { tempId })).toMatchObject({ id: answers[0]!.id, text: 'changed' });
    const { id: other } = await ann.client.conversations.create({ kind: 'group', name: 'other' });
    const elsewhere = { tempId, text: 'once' };
    expect(await refusal(ann, 'POST', `/conversations/${other}/messages`, elsewhere)).toBe('409 conflict');
    await ann.client.conversations.leave({ id });
    expect(await refusal(ann, 'POST', `/conversations/${id}/messages`, { tempId: 'new', text: 'x' })).toBe(
      '404 not_found',
    );
    expect(await send(ann, 'once', { tempId })).toMatchObject({ text: 'changed' });
  });

  it('has a number without gaps, whoever writes at once', async () => {
    const writers = [ann, bob, cat].flatMap((account) => [at(api, account), at(second, account)]);
    const sent = await Promise.all(
      writers.flatMap(({ messages }, writer) =>
        Array.from({ length: 8 }, (_, index) =>
          // Each third one is sent twice.
          Promise.all(
            Array.from({ length: index % 3 === 0 ? 2 : 1 }, () =>
              messages.send({ id, tempId: `${writer}-${index}`, text: `${writer}-${index}` }),
            ),
          ),
        ),
      ),
    );
    const numbers = new Set(sent.flat().map(({ seq }) => seq));
    expect([...numbers].sort((one, other) => one - other)).toEqual(
      Array.from({ length: 48 }, (_, index) => index + 1),
    );
    expect(await ann.client.conversations.get({ id })).toMatchObject({ lastSeq: 48 });
    expect(await backend.database.message.count({ where: { conversationId: id } })).toBe(48);
  });

  it.each([
    { tempId: 't', text: '' },
    { tempId: 't', text: ' \n\u200b\u202e' },
    { tempId: 't', text: 'x'.repeat(maxTextLength + 1) },
    { text: 'without' },
    { tempId: 'with blank', text: 'x' },
    { tempId: 'x'.repeat(65), text: 'x' },
    { tempId: 't', text: 'x', replyTo: 'that' },
    { tempId: 't', text: 7 },
  ])('is not taken from bad input (%#)', async (body) => {
    expect(await refusal(ann, 'POST', `/conversations/${id}/messages`, body)).toBe('422 validation_failed');
  });

  it('is not taken from, or shown to, who is not in the conversation', async () => {
    const eve = await api.register();
    const sent = await send(ann, 'secret');
    for (const [method, path, body] of [
      ['POST', `/conversations/${id}/messages`, { tempId: 't', text: 'x' }],
      ['GET', `/conversations/${id}/messages`],
      ['POST', `/conversations/${id}/read`, { seq: 1 }],
      ['GET', `/messages/${sent.id}`],
      ['PATCH', `/messages/${sent.id}`, { text: 'x' }],
      ['DELETE', `/messages/${sent.id}`],
      ['GET', `/messages/${sent.id}/readers`],
    ] as const) {
      expect(await refusal(null, method, path, body)).toBe('401 unauthenticated');
      expect(await refusal(eve, method, path, body)).toBe('404 not_found');
      expect(await refusal(ann, method, path.replace(/[0-9a-f-]{36}/, randomUUID()), body)).toBe(
        '404 not_found',
      );
      expect(await refusal(ann, method, path.replace(/[0-9a-f-]{36}/, 'x'), body)).toBe(
        '422 validation_failed',
      );
    }
    await ann.client.conversations.addMembers({ id, userIds: [eve.user.id] });
    expect(await refusal(eve, 'GET', `/messages/${sent.id}`)).toBe('404 not_found');
    const later = await send(bob, 'hello, Eve', { replyTo: sent.id });
    // Of what it answers nothing is told to her: it was written before she came.
    const nothing = { sender: null, text: '', firstMedia: null };
    const veiled = { ...later, replyTo: { id: sent.id, seq: sent.seq, available: false, ...nothing } };
    expect(await eve.client.messages.history({ id })).toMatchObject({ items: [veiled], nextCursor: null });
    expect(await eve.client.messages.get({ id: later.id })).toMatchObject(veiled);
    const { lastMessage } = await eve.client.conversations.get({ id });
    expect(lastMessage).toMatchObject(veiled);
    expect((await ann.client.messages.get({ id: later.id })).replyTo).toMatchObject({
      available: true,
      text: sent.text,
    });
    expect(
      await refusal(eve, 'POST', `/conversations/${id}/messages`, {
        tempId: 't',
        text: 'x',
        replyTo: sent.id,
      }),
    ).toBe('404 not_found');
    await ann.client.conversations.delete({ id });
    expect(await refusal(ann, 'GET', `/messages/${sent.id}`)).toBe('404 not_found');
    expect(await refusal(ann, 'POST', `/conversations/${id}/messages`, { tempId: 't', text: 'x' })).toBe(
      '404 not_found',
    );
  });

  it('answers another one of its conversation, and shows how that stands now', async () => {
    const first = await send(ann, `first ${'x'.repeat(300)}`);
    const reply = await send(bob, 'second', { replyTo: first.id });
    expect(reply.replyTo).toMatchObject({
      id: first.id,
      seq: 1,
      text: first.text.slice(0, 200),
      deletedAt: null,
    });
    await ann.client.messages.delete({ id: first.id });
    const { items } = await cat.client.messages.history({ id });
    expect(items[0]?.replyTo).toMatchObject({ id: first.id, text: '', deletedAt: expect.any(String) });
    const { id: other } = await bob.client.conversations.create({ kind: 'group', name: 'other' });
    const elsewhere = { tempId: 't', text: 'x', replyTo: first.id };
    expect(await refusal(bob, 'POST', `/conversations/${other}/messages`, elsewhere)).toBe('404 not_found');
    expect((await bob.client.conversations.get({ id: other })).lastSeq).toBe(0);
  });

  it('is changed by its sender alone, and each change raises its revision once', async () => {
    const sent = await send(bob, 'before');
    expect(await refusal(ann, 'PATCH', `/messages/${sent.id}`, { text: 'after' })).toBe('403 forbidden');
    expect(await refusal(bob, 'PATCH', `/messages/${sent.id}`, { text: ' ' })).toBe('422 validation_failed');
    const edited = await bob.client.messages.edit({ id: sent.id, text: 'after ' });
    expect(edited).toMatchObject({ text: 'after', revision: 1, editedAt: expect.any(String) });
    expect(await bob.client.messages.edit({ id: sent.id, text: 'after' })).toEqual(edited);
    await Promise.all(
      [0, 1, 2, 3].map((index) =>
        at(index % 2 === 0 ? api : second, bob).messages.edit({ id: sent.id, text: `after ${index}` }),
      ),
    );
    expect(await ann.client.messages.get({ id: sent.id })).toMatchObject({ seq: 1, revision: 5 });
  });

  it('is deleted by its sender or who leads, and keeps its place', async () => {
    const [one, two, three] = (await write(bob, 3)) as [Message, Message, Message];
    expect(await refusal(cat, 'DELETE', `/messages/${one.id}`)).toBe('403 forbidden');
    const gone = await bob.client.messages.delete({ id: one.id });
    expect(gone).toMatchObject({ seq: 1, text: '', revision: 1, deletedAt: expect.any(String) });
    expect(await bob.client.messages.delete({ id: one.id })).toEqual(gone);
    expect(await refusal(bob, 'PATCH', `/messages/${one.id}`, { text: 'x' })).toBe('409 conflict');
    const deleting = [ann, bob].map(({ client }) => client.messages.delete({ id: two.id }));
    expect((await Promise.all(deleting)).map(({ revision }) => revision)).toEqual([1, 1]);
    expect((await cat.client.messages.history({ id })).items.map(({ text }) => text)).toEqual([
      three.text,
      '',
      '',
    ]);
    expect(await backend.database.message.findFirst({ where: { id: two.id } })).toMatchObject({ text: '' });
  });

  it('stays when its sender’s account goes', async () => {
    const dan = await api.register();
    await ann.client.conversations.addMembers({ id, userIds: [dan.user.id] });
    const sent = await send(dan, 'still here');
    await backend.database.user.delete({ where: { id: dan.user.id } });
    expect(await ann.client.messages.get({ id: sent.id })).toMatchObject({
      sender: null,
      text: 'still here',
    });
  });

  it('is refused when somebody sends too many', async () => {
    const limited = await backend.startApi({ MESSAGE_RATE_PER_USER: '3' });
    const eve = await api.register();
    await ann.client.conversations.addMembers({ id, userIds: [eve.user.id] });
    const statuses: number[] = [];
    for (let sent = 0; sent < 4; sent++) {
      const body = { tempId: `${sent}`, text: 'x' };
      const options = { token: eve.accessToken, body };
      statuses.push((await limited.ask('POST', `/api/v1/conversations/${id}/messages`, options)).status);
    }
    expect(statuses).toEqual([201, 201, 201, 429]);
  });
});

describe('history', () => {
  it('goes back and forth in pages that new messages don’t shift', async () => {
    await write(ann, 12);
    const page = (cursor?: string | null) =>
      bob.client.messages.history({ id, limit: 5, cursor: cursor ?? undefined });
    const first = await page();
    expect(seqs(first)).toEqual([12, 11, 10, 9, 8]);
    await write(cat, 2);
    const next = await page(first.nextCursor);
    expect(seqs(next)).toEqual([7, 6, 5, 4, 3]);
    const last = await page(next.nextCursor);
    expect([seqs(last), last.nextCursor]).toEqual([[2, 1], null]);
    expect(seqs(await page(last.previousCursor))).toEqual([7, 6, 5, 4, 3]);
    const newest = await page(first.previousCursor);
    expect(seqs(newest)).toEqual([14, 13]);
    const none = await page(newest.previousCursor);
    expect(none.items).toEqual([]);
    await write(ann, 1);
    expect(seqs(await page(none.previousCursor))).toEqual([15]);
    for (const bad of ['limit=0', 'limit=101', 'cursor=x', 'around=x']) {
      expect(await refusal(ann, 'GET', `/conversations/${id}/messages?${bad}`)).toBe('422 validation_failed');
    }
  });

  it('is shown around a message of the conversation', async () => {
    const sent = await write(ann, 9);
    const around = (seq: number) => bob.client.messages.history({ id, limit: 4, around: sent[seq - 1]!.id });
    const middle = await around(5);
    expect(seqs(middle)).toEqual([6, 5, 4, 3]);
    const older = await bob.client.messages.history({ id, limit: 4, cursor: middle.nextCursor! });
    const newer = await bob.client.messages.history({ id, limit: 4, cursor: middle.previousCursor });
    expect([seqs(older), seqs(newer)]).toEqual([
      [2, 1],
      [9, 8, 7],
    ]);
    expect(seqs(await around(1))).toEqual([2, 1]);
    const { id: other } = await bob.client.conversations.create({ kind: 'group', name: 'other' });
    const path = `/conversations/${other}/messages?around=`;
    expect(await refusal(bob, 'GET', path + sent[0]!.id)).toBe('404 not_found');
    expect(await refusal(bob, 'GET', path + randomUUID())).toBe('404 not_found');
  });

  it('costs as many queries for 40 messages with answers as for 2', async () => {
    const [first] = await write(ann, 1);
    await send(bob, 'yes', { replyTo: first!.id });
    const few = await backend.countQueries(() => bob.client.messages.history({ id }));
    for (let sent = 0; sent < 38; sent++)
      await send(sent % 2 === 0 ? ann : cat, 'so', { replyTo: first!.id });
    expect(await backend.countQueries(() => bob.client.messages.history({ id }))).toBe(few);
    expect(await backend.countQueries(() => send(ann, 'x'))).toBe(few);
  });
});

describe('read markers', () => {
  it('only go forwards, not beyond the newest message, whatever comes at once', async () => {
    await write(ann, 6);
    expect([await unreadOf(ann), await unreadOf(bob)]).toEqual([0, 6]);
    expect(await bob.client.messages.read({ id, seq: 4 })).toEqual({ lastReadSeq: 4, unread: 2 });
    expect(await bob.client.messages.read({ id, seq: 2 })).toEqual({ lastReadSeq: 4, unread: 2 });
    expect(await bob.client.messages.read({ id, seq: 900 })).toEqual({ lastReadSeq: 6, unread: 0 });
    expect(await refusal(bob, 'POST', `/conversations/${id}/read`, { seq: -1 })).toBe(
      '422 validation_failed',
    );
    await Promise.all(
      [3, 6, 1, 5, 2, 4].map((seq) => at(seq % 2 === 0 ? api : second, cat).messages.read({ id, seq })),
    );
    expect(await unreadOf(cat)).toBe(0);
    await send(cat, 'mine is read by me, and so is what was before');
    expect([await unreadOf(cat), await unreadOf(bob)]).toEqual([0, 1]);
  });

  it('count right while people write and read at once', async () => {
    const work = Array.from({ length: 10 }, (_, index) => [
      send(ann, `a ${index}`),
      at(second, cat).messages.read({ id, seq: index }),
      send(bob, `b ${index}`),
    ]).flat();
    await Promise.all(work);
    const stored = await backend.database.member.findMany({ where: { conversationId: id } });
    for (const account of [ann, bob, cat]) {
      const lastRead = stored.find(({ userId }) => userId === account.user.id)!.lastReadSeq;
      expect(await unreadOf(account)).toBe(20 - lastRead);
    }
  });

  it('tell who has read a message, and members where each one is', async () => {
    const sent = await send(ann, 'read this');
    const readers = async () =>
      (await bob.client.messages.readers({ id: sent.id })).items.map((user) => user.id);
    expect(await readers()).toEqual([]);
    await cat.client.messages.read({ id, seq: 1 });
    expect(await readers()).toEqual([cat.user.id]);
    await bob.client.messages.read({ id, seq: 1 });
    expect((await readers()).sort()).toEqual([bob.user.id, cat.user.id].sort());
    const { items } = await ann.client.conversations.members({ id });
    expect(items.map(({ lastReadSeq }) => lastReadSeq)).toEqual([1, 1, 1]);
  });
});
