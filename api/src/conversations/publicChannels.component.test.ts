import { randomUUID } from 'node:crypto';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let ann: Account;
let bob: Account;
let cat: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ CONVERSATION_RATE_PER_USER: '10000' });
  [ann, bob, cat] = (await Promise.all([1, 2, 3].map(() => api.register()))) as [Account, Account, Account];
});
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close());

const make = async (name: string): Promise<string> =>
  (await ann.client.conversations.create({ kind: 'publicChannel', name })).id;
const send = (from: Account, id: string, text: string) =>
  from.client.messages.send({ id, tempId: randomUUID(), text });

describe('a public channel', () => {
  it('is found by its name, however it is spelled, in pages', async () => {
    const names = ['Cooking at home', 'قناة الطَّبخ', 'Home & garden 100%', 'Homework', 'zz'];
    const ids: string[] = [];
    for (const name of names) ids.push(await make(name));
    await ann.client.conversations.create({ kind: 'group', name: 'home group' });
    await ann.client.conversations.delete({ id: await make('home deleted') });
    const found = async (search?: string) => {
      const { items } = await bob.client.conversations.publicChannels({ search });
      return items.map(({ name }) => name);
    };
    expect(await found('HOME')).toEqual([names[0], names[2], names[3]]);
    expect(await found('home cooking')).toEqual([names[0]]);
    expect(await found('قناه الطبخ')).toEqual([names[1]]);
    expect(await found('100%')).toEqual([names[2]]);
    expect(await found('%%%')).toEqual([]);
    expect(await found('___')).toEqual([]);
    expect(await found('Z')).toEqual(['zz']);
    expect(await found()).toEqual([names[0], names[2], names[3], 'zz', names[1]]);
    const first = await bob.client.conversations.publicChannels({ search: 'home', limit: 2 });
    await make('a home before');
    const rest = await bob.client.conversations.publicChannels({
      search: 'home',
      limit: 2,
      cursor: first.nextCursor!,
    });
    expect([first, rest].flatMap(({ items }) => items.map(({ name }) => name))).toEqual([
      names[0],
      names[2],
      names[3],
    ]);
    expect(rest.nextCursor).toBeNull();
    expect(await api.refusal(bob, 'GET', '/public-channels?cursor=x')).toBe('422 validation_failed');
    expect(await api.refusal(null, 'GET', '/public-channels')).toBe('401 unauthenticated');
    expect((await ann.client.conversations.publicChannels({ search: 'zz' })).items).toMatchObject([
      { joined: true },
    ]);
  });

  it('is joined once, shows all that was written, and lets nobody write who isn’t in it', async () => {
    const id = await make('open');
    const sent = await send(ann, id, 'before Bob');
    expect(await bob.client.conversations.get({ id })).toMatchObject({ membership: null, lastMessage: null });
    expect(await api.refusal(bob, 'GET', `/conversations/${id}/messages`)).toBe('404 not_found');
    expect(await api.refusal(bob, 'GET', `/conversations/${id}/members`)).toBe('404 not_found');
    expect(await api.refusal(bob, 'PATCH', `/conversations/${id}`, { name: 'x' })).toBe('403 forbidden');
    const text = { tempId: 't', text: 'x' };
    expect(await api.refusal(bob, 'POST', `/conversations/${id}/messages`, text)).toBe('404 not_found');
    await Promise.all(Array.from({ length: 4 }, () => bob.client.conversations.join({ id })));
    expect(await bob.client.conversations.get({ id })).toMatchObject({
      ...{ memberCount: 2, lastMessage: sent },
      membership: { role: 'member', unread: 0 },
    });
    expect((await bob.client.messages.history({ id })).items).toEqual([sent]);
    expect((await send(bob, id, 'hello')).seq).toBe(2);
    expect(await api.refusal(bob, 'GET', `/messages/${sent.id}/readers`)).toBe('403 forbidden');
    const { items } = await bob.client.conversations.members({ id });
    expect(items.map(({ lastReadSeq }) => lastReadSeq)).toEqual([null, null]);
  });

  it('lets those who were removed back in only when they are added', async () => {
    const id = await make('strict');
    await bob.client.conversations.join({ id });
    await ann.client.conversations.removeMember({ id, userId: bob.user.id });
    expect(await api.refusal(bob, 'POST', `/conversations/${id}/join`)).toBe('403 forbidden');
    await ann.client.conversations.addMembers({ id, userIds: [bob.user.id] });
    await bob.client.conversations.leave({ id });
    expect(await bob.client.conversations.join({ id })).toMatchObject({ memberCount: 2 });
    const { id: group } = await ann.client.conversations.create({ kind: 'group', name: 'closed' });
    expect(await api.refusal(bob, 'POST', `/conversations/${group}/join`)).toBe('404 not_found');
    expect(await api.refusal(bob, 'POST', `/conversations/${randomUUID()}/join`)).toBe('404 not_found');
    expect(await api.refusal(null, 'POST', `/conversations/${id}/join`)).toBe('401 unauthenticated');
  });

  it('is told to members who have it open, and to nobody else', async () => {
    const id = await make('live');
    await bob.client.conversations.join({ id });
    await cat.client.conversations.join({ id });
    const [open, closed] = await Promise.all(
      [bob, cat].map(({ accessToken }) => TestSocket.connect(api.url, { token: accessToken })),
    );
    await open!.ask('conversation:subscribe', { conversationId: id });
    const message = await send(ann, id, 'live');
    await open!.until('message:created');
    await ann.client.conversations.removeMember({ id, userId: bob.user.id });
    await open!.until('member:left');
    await send(ann, id, 'without Bob');
    await ann.client.conversations.delete({ id });
    await ann.client.conversations.create({
      kind: 'group',
      name: 'm',
      memberIds: [bob.user.id, cat.user.id],
    });
    await Promise.all([open!.until('conversation:created'), closed!.until('conversation:created')]);
    expect(open!.of('message:created')).toEqual([{ message }]);
    expect([closed!.of('message:created'), open!.of('conversation:deleted')]).toEqual([[], []]);
    expect(await open!.codeOf('conversation:subscribe', { conversationId: id })).toBe('not_found');
  });
});

describe('a forwarded message', () => {
  it('is a new one of who forwards it, once for each tempId', async () => {
    const [from, to] = [await make('from'), await make('to')];
    const sent = await send(ann, from, 'pass it on');
    await bob.client.conversations.join({ id: from });
    const forward = () => bob.client.messages.forward({ id: sent.id, conversationId: to, tempId: 'f' });
    await expect(forward()).rejects.toMatchObject({ code: 'not_found' });
    await bob.client.conversations.join({ id: to });
    const copies = await Promise.all([forward(), forward(), forward()]);
    expect(copies[0]).toMatchObject({
      ...{ conversationId: to, seq: 1, text: 'pass it on', forwarded: true, replyTo: null },
      sender: { id: bob.user.id },
    });
    for (const copy of copies) expect(copy).toEqual(copies[0]);
    await ann.client.messages.delete({ id: sent.id });
    expect(await bob.client.messages.get({ id: copies[0].id })).toEqual(copies[0]);
    const body = { conversationId: to, tempId: 'g' };
    expect(await api.refusal(bob, 'POST', `/messages/${sent.id}/forward`, body)).toBe('409 conflict');
    expect(await api.refusal(cat, 'POST', `/messages/${sent.id}/forward`, body)).toBe('404 not_found');
    expect(await api.refusal(bob, 'POST', `/messages/${sent.id}/forward`, {})).toBe('422 validation_failed');
    expect(await api.refusal(null, 'POST', `/messages/${sent.id}/forward`, body)).toBe('401 unauthenticated');
  });
});
