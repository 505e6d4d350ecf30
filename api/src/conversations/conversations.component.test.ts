import { randomUUID } from 'node:crypto';
import { maxMembers, type Conversation } from '@maydan/contracts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { ConversationsSweep } from './conversationsSweep.repo.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  const environment = { CONVERSATION_RATE_PER_USER: '1000', PEOPLE_RATE_PER_USER: '1000' };
  api = await backend.startApi(environment);
  second = await backend.startApi(environment);
});
afterAll(() => backend?.close());

const people = async <T extends Account[]>(count: number): Promise<T> =>
  (await Promise.all(Array.from({ length: count }, () => api.register()))) as T;
const idOf = ({ user }: Account): string => user.id;
const publicOf = ({ user: { id, username, displayName } }: Account) => ({ id, username, displayName });
const refusal: TestApi['refusal'] = (...request) => api.refusal(...request);
const listOf = async ({ client }: Account): Promise<string[]> =>
  (await client.conversations.list({})).items.map(({ id }) => id);
const group = (owner: Account, ...others: Account[]): Promise<Conversation> =>
  owner.client.conversations.create({ kind: 'group', name: 'the group', memberIds: others.map(idOf) });
const send = (from: Account, id: string, text: string) =>
  from.client.messages.send({ id, tempId: randomUUID(), text });
async function rolesIn(id: string, account: Account): Promise<Record<string, string>> {
  const { items } = await account.client.conversations.members({ id });
  return Object.fromEntries(items.map(({ user, role }) => [user.id, role]));
}
/** What is stored as the count, and how many rows there are. */
async function counted(id: string): Promise<(number | undefined)[]> {
  const stored = await backend.database.conversation.findUnique({ where: { id } });
  return [stored?.memberCount, await backend.database.member.count({ where: { conversationId: id } })];
}

describe('a direct conversation', () => {
  it('is one per pair, also when both begin it at once on two nodes', async () => {
    const [ann, bob] = await people<[Account, Account]>(2);
    const there = (account: Account) => second.clientOf(account.accessToken).conversations;
    const made = await Promise.all(
      [1, 2, 3].flatMap(() => [
        ann.client.conversations.direct({ userId: idOf(bob) }),
        there(bob).direct({ userId: idOf(ann) }),
        there(ann).direct({ userId: idOf(bob) }),
      ]),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    const id = made[0]!.id;
    expect(await counted(id)).toEqual([2, 2]);
    expect(await ann.client.conversations.get({ id })).toMatchObject({
      ...{ kind: 'direct', name: null, other: publicOf(bob), lastSeq: 0, lastMessage: null },
      membership: { role: 'member', unread: 0, lastReadSeq: 0 },
    });
  });

  it('is listed for who began it, and can be taken out of one’s own list', async () => {
    const [ann, bob, cat] = await people<[Account, Account, Account]>(3);
    const { id } = await ann.client.conversations.direct({ userId: idOf(bob) });
    expect([await listOf(ann), await listOf(bob)]).toEqual([[id], []]);
    expect((await bob.client.conversations.direct({ userId: idOf(ann) })).id).toBe(id);
    await ann.client.conversations.delete({ id });
    await ann.client.conversations.delete({ id });
    expect([await listOf(ann), await listOf(bob)]).toEqual([[], [id]]);
    expect(await refusal(cat, 'GET', `/conversations/${id}`)).toBe('404 not_found');
    expect(await refusal(cat, 'DELETE', `/conversations/${id}`)).toBe('404 not_found');
    expect(await refusal(ann, 'POST', `/conversations/${id}/leave`)).toBe('409 conflict');
    expect(await refusal(ann, 'PATCH', `/conversations/${id}`, { name: 'x' })).toBe('409 conflict');
    const more = { userIds: [idOf(cat)] };
    expect(await refusal(ann, 'POST', `/conversations/${id}/members`, more)).toBe('409 conflict');
  });

  it('is refused to oneself, with nobody, without a sign-in, and past a block', async () => {
    const [ann, bob, banned] = await people<[Account, Account, Account]>(3);
    const begin = (account: Account | null, userId: string) =>
      refusal(account, 'POST', '/conversations/direct', { userId });
    await backend.database.user.update({ where: { id: idOf(banned) }, data: { bannedAt: new Date() } });
    expect(await begin(null, idOf(ann))).toBe('401 unauthenticated');
    expect(await begin(ann, 'nonsense')).toBe('422 validation_failed');
    expect(await begin(ann, randomUUID())).toBe('404 not_found');
    expect(await begin(ann, idOf(banned))).toBe('404 not_found');
    expect(await begin(ann, idOf(ann))).toBe('409 conflict');
    await bob.client.blocks.create({ id: idOf(ann) });
    expect(await begin(ann, idOf(bob))).toBe('404 not_found');
    expect(await begin(bob, idOf(ann))).toBe('404 not_found');
  });

  it('begins as the other’s privacy settings say, and goes on whatever they become', async () => {
    const [ann, bob] = await people<[Account, Account]>(2);
    const begin = () => refusal(ann, 'POST', '/conversations/direct', { userId: idOf(bob) });
    const takesFrom = (messagesFrom: 'everyone' | 'followed' | 'contacts' | 'nobody') =>
      bob.client.account.update({ privacy: { messagesFrom } });
    await takesFrom('nobody');
    expect(await begin()).toBe('403 messages_refused');
    await takesFrom('contacts');
    await ann.client.people.addContact({ id: idOf(bob) });
    await bob.client.people.follow({ id: idOf(ann) });
    expect(await begin()).toBe('403 messages_refused');
    expect(
      await refusal(ann, 'POST', '/conversations', { kind: 'group', name: 'x', memberIds: [idOf(bob)] }),
    ).toBe('403 messages_refused');
    await takesFrom('followed');
    const { id } = await ann.client.conversations.direct({ userId: idOf(bob) });
    await takesFrom('nobody');
    expect((await ann.client.conversations.direct({ userId: idOf(bob) })).id).toBe(id);
  });
});

describe('a group', () => {
  it('is made with its members, renamed by who leads it, and deleted by its owner', async () => {
    const [ann, bob, cat, eve] = await people<[Account, Account, Account, Account]>(4);
    const made = await ann.client.conversations.create({
      ...{ kind: 'group', name: '  عائلة\n ‮البيت ', description: ' two\r\nlines ' },
      memberIds: [idOf(bob), idOf(cat), idOf(bob), idOf(ann)],
    });
    expect(made).toMatchObject({
      name: 'عائلة البيت',
      description: 'two\nlines',
      memberCount: 3,
      other: null,
    });
    const { id } = made;
    expect(await rolesIn(id, bob)).toEqual({
      [idOf(ann)]: 'owner',
      [idOf(bob)]: 'member',
      [idOf(cat)]: 'member',
    });
    expect(await refusal(bob, 'PATCH', `/conversations/${id}`, { name: 'mine' })).toBe('403 forbidden');
    await ann.client.conversations.setRole({ id, userId: idOf(bob), role: 'admin' });
    await bob.client.conversations.update({ id, name: 'ours' });
    await bob.client.conversations.update({ id, description: '' });
    expect(await cat.client.conversations.get({ id })).toMatchObject({ name: 'ours', description: '' });
    for (const [method, path, body] of [
      ['GET', ''],
      ['PATCH', '', { name: 'x' }],
      ['DELETE', ''],
      ['POST', '/leave'],
      ['GET', '/members'],
      ['POST', '/members', { userIds: [idOf(eve)] }],
      ['PATCH', `/members/${idOf(cat)}`, { role: 'admin' }],
      ['DELETE', `/members/${idOf(cat)}`],
    ] as const) {
      expect(await refusal(null, method, `/conversations/${id}${path}`, body)).toBe('401 unauthenticated');
      expect(await refusal(eve, method, `/conversations/${id}${path}`, body)).toBe('404 not_found');
      expect(await refusal(ann, method, `/conversations/${randomUUID()}${path}`, body)).toBe('404 not_found');
    }
    expect(await refusal(bob, 'DELETE', `/conversations/${id}`)).toBe('403 forbidden');
    await ann.client.conversations.delete({ id });
    expect(await refusal(ann, 'DELETE', `/conversations/${id}`)).toBe('404 not_found');
    expect([await listOf(ann), await listOf(bob)]).toEqual([[], []]);
  });

  it.each([
    { kind: 'group' },
    { kind: 'group', name: ' \u200b\u202e ' },
    { kind: 'group', name: 'x'.repeat(81) },
    { kind: 'direct', name: 'x' },
    { kind: 'group', name: 'x', description: 'x'.repeat(501) },
    { kind: 'group', name: 'x', memberIds: ['me'] },
    { kind: 'group', name: 'x', memberIds: Array.from({ length: 51 }, () => randomUUID()) },
  ])('is not made from bad input (%#)', async (body) => {
    const [ann] = await people<[Account]>(1);
    expect(await refusal(ann, 'POST', '/conversations', body)).toBe('422 validation_failed');
  });

  it('takes in whom its leaders add, and nobody past a block', async () => {
    const [ann, bob, cat, dan] = await people<[Account, Account, Account, Account]>(4);
    const { id } = await group(ann, bob);
    const add = (...users: string[]) => ({ userIds: users });
    expect(await refusal(bob, 'POST', `/conversations/${id}/members`, add(idOf(cat)))).toBe('403 forbidden');
    await dan.client.blocks.create({ id: idOf(ann) });
    const both = add(idOf(cat), idOf(dan));
    expect(await refusal(ann, 'POST', `/conversations/${id}/members`, both)).toBe('404 not_found');
    expect(await refusal(ann, 'POST', `/conversations/${id}/members`, add())).toBe('422 validation_failed');
    expect(await counted(id)).toEqual([2, 2]);
    const added = await Promise.all(
      Array.from({ length: 4 }, () =>
        ann.client.conversations.addMembers({ id, userIds: [idOf(cat), idOf(bob)] }),
      ),
    );
    for (const { items } of added)
      expect(items.map(({ user }) => user)).toEqual([publicOf(bob), publicOf(cat)]);
    expect(await counted(id)).toEqual([3, 3]);
    await backend.database.conversation.update({ where: { id }, data: { memberCount: maxMembers.group } });
    const [eve] = await people<[Account]>(1);
    expect(await refusal(ann, 'POST', `/conversations/${id}/members`, add(idOf(eve)))).toBe('409 conflict');
    expect(await listOf(eve)).toEqual([]);
  });

  it('puts people out as their roles allow', async () => {
    const [ann, bob, cat, dan] = await people<[Account, Account, Account, Account]>(4);
    const { id } = await group(ann, bob, cat, dan);
    const out = (by: Account, whom: Account) =>
      refusal(by, 'DELETE', `/conversations/${id}/members/${idOf(whom)}`);
    for (const admin of [bob, cat])
      await ann.client.conversations.setRole({ id, userId: idOf(admin), role: 'admin' });
    expect(await out(dan, bob)).toBe('403 forbidden');
    expect(await out(bob, cat)).toBe('403 forbidden');
    expect(await out(bob, ann)).toBe('403 forbidden');
    await bob.client.conversations.removeMember({ id, userId: idOf(dan) });
    await bob.client.conversations.removeMember({ id, userId: idOf(dan) });
    expect(await refusal(dan, 'GET', `/conversations/${id}`)).toBe('404 not_found');
    await ann.client.conversations.removeMember({ id, userId: idOf(bob) });
    await cat.client.conversations.removeMember({ id, userId: idOf(cat) });
    expect(await counted(id)).toEqual([1, 1]);
  });

  it('has one owner, who hands over; roles are the owner’s to give', async () => {
    const [ann, bob, cat] = await people<[Account, Account, Account]>(3);
    const { id } = await group(ann, bob);
    const role = (by: Account, of: Account, to: string) =>
      refusal(by, 'PATCH', `/conversations/${id}/members/${idOf(of)}`, { role: to });
    expect(await role(bob, bob, 'admin')).toBe('403 forbidden');
    expect(await role(ann, ann, 'member')).toBe('409 conflict');
    expect(await role(ann, cat, 'admin')).toBe('404 not_found');
    expect(await role(ann, bob, 'king')).toBe('422 validation_failed');
    const hand = () => ann.client.conversations.setRole({ id, userId: idOf(bob), role: 'owner' });
    const outcomes = await Promise.allSettled([hand(), hand(), hand()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await rolesIn(id, ann)).toEqual({ [idOf(ann)]: 'admin', [idOf(bob)]: 'owner' });
  });

  it('goes to the longest admin, else member, when its owner leaves, and away with the last', async () => {
    const [ann, bob, cat, dan] = await people<[Account, Account, Account, Account]>(4);
    const { id } = await group(ann);
    for (const account of [bob, cat, dan]) {
      await ann.client.conversations.addMembers({ id, userIds: [idOf(account)] });
    }
    await ann.client.conversations.setRole({ id, userId: idOf(dan), role: 'admin' });
    await ann.client.conversations.leave({ id });
    expect(await refusal(ann, 'POST', `/conversations/${id}/leave`)).toBe('404 not_found');
    expect(await rolesIn(id, bob)).toEqual({
      [idOf(dan)]: 'owner',
      [idOf(bob)]: 'member',
      [idOf(cat)]: 'member',
    });
    await backend.database.user.delete({ where: { id: idOf(dan) } });
    expect(await rolesIn(id, bob)).toEqual({ [idOf(bob)]: 'owner', [idOf(cat)]: 'member' });
    await Promise.all([bob.client.conversations.leave({ id }), cat.client.conversations.leave({ id })]);
    expect(await counted(id)).toEqual([0, 0]);
    const stored = await backend.database.conversation.findUniqueOrThrow({ where: { id } });
    expect(stored.deletedAt).not.toBeNull();
  });

  it('counts its members right while they come and go at once on two nodes', async () => {
    const [ann, ...others] = await people<[Account, ...Account[]]>(7);
    const { id } = await group(ann, ...others.slice(0, 3));
    const there = second.clientOf(ann.accessToken).conversations;
    const work = others.flatMap((account) => [
      ann.client.conversations.addMembers({ id, userIds: [idOf(account)] }),
      there.removeMember({ id, userId: idOf(account) }),
      account.client.conversations.leave({ id }),
    ]);
    const outcomes = await Promise.allSettled(work);
    const codes = outcomes.flatMap((one) =>
      one.status === 'rejected' ? [String((one.reason as { code?: unknown }).code)] : [],
    );
    expect(codes.filter((code) => code !== 'not_found')).toEqual([]);
    const [stored, rows] = await counted(id);
    expect(stored).toBe(rows);
    expect(Object.values(await rolesIn(id, ann)).filter((role) => role === 'owner')).toHaveLength(1);
  });
});

describe('past a block', () => {
  it('nothing is written between two people, and what was written stays', async () => {
    const [ann, bob] = await people<[Account, Account]>(2);
    const direct = (await ann.client.conversations.direct({ userId: idOf(bob) })).id;
    const sent = await send(ann, direct, 'before');
    const answer = await send(bob, direct, 'yes');
    const { id } = await group(ann, bob);
    await bob.client.blocks.create({ id: idOf(ann) });
    for (const account of [ann, bob]) {
      const body = { tempId: 't', text: 'x' };
      expect(await refusal(account, 'POST', `/conversations/${direct}/messages`, body)).toBe(
        '403 messages_refused',
      );
    }
    expect(await refusal(ann, 'PATCH', `/messages/${sent.id}`, { text: 'x' })).toBe('403 messages_refused');
    expect((await ann.client.messages.history({ id: direct })).items).toEqual([answer, sent]);
    expect(await bob.client.messages.delete({ id: answer.id })).toMatchObject({ text: '' });
    expect(await refusal(bob, 'DELETE', `/messages/${sent.id}`)).toBe('403 forbidden');
    const all = await send(ann, id, 'in the group');
    expect((await bob.client.messages.history({ id })).items).toEqual([all]);
    await bob.client.blocks.remove({ id: idOf(ann) });
    expect((await send(ann, direct, 'again')).seq).toBe(3);
  });

  it('and after an account is gone nobody writes to it', async () => {
    const [ann, bob] = await people<[Account, Account]>(2);
    const { id } = await ann.client.conversations.direct({ userId: idOf(bob) });
    await backend.database.user.delete({ where: { id: idOf(bob) } });
    expect(await ann.client.conversations.get({ id })).toMatchObject({ other: null, memberCount: 1 });
    const body = { tempId: 't', text: 'x' };
    expect(await refusal(ann, 'POST', `/conversations/${id}/messages`, body)).toBe('403 messages_refused');
  });
});

it('is listed for the other with its first message, and again for who deleted it with the next', async () => {
  const [ann, bob] = await people<[Account, Account]>(2);
  const { id } = await ann.client.conversations.direct({ userId: idOf(bob) });
  const listed = async () => (await bob.client.conversations.list({})).items;
  expect(await listed()).toEqual([]);
  await send(ann, id, 'hello');
  expect(await listed()).toMatchObject([{ id, membership: { unread: 1 } }]);
  await bob.client.conversations.delete({ id });
  expect(await listed()).toEqual([]);
  expect((await bob.client.messages.history({ id })).items).toEqual([]);
  const next = await send(ann, id, 'there?');
  expect(await listed()).toMatchObject([{ id, lastMessage: next, membership: { unread: 1 } }]);
  expect((await bob.client.messages.history({ id })).items).toEqual([next]);
  expect((await ann.client.messages.history({ id })).items).toHaveLength(2);
});

it('is removed with its messages by the sweep, some time after it was deleted', async () => {
  const [ann] = await people<[Account]>(1);
  const [{ id: gone }, { id: stays }] = [await group(ann), await group(ann)];
  for (const id of [gone, gone, stays]) await send(ann, id, 'text');
  await ann.client.conversations.delete({ id: gone });
  const sweep = new ConversationsSweep(backend.database);
  await Promise.all([sweep.deleteGone(), sweep.deleteGone()]);
  const left = (conversationId: string) => backend.database.message.count({ where: { conversationId } });
  expect([await left(gone), await left(stays)]).toEqual([0, 1]);
  expect(await backend.database.conversation.count({ where: { id: gone } })).toBe(0);
});

describe('the list of conversations', () => {
  it('comes in pages, and costs as many queries for 20 as for 2', async () => {
    const [ann, bob] = await people<[Account, Account]>(2);
    const ids: string[] = [(await ann.client.conversations.direct({ userId: idOf(bob) })).id];
    const more = async (): Promise<void> => void ids.unshift((await group(ann, bob)).id);
    await more();
    const list = () => ann.client.conversations.list({ limit: 50 });
    const few = await backend.countQueries(list);
    while (ids.length < 20) await more();
    expect(await backend.countQueries(list)).toBe(few);
    // One for the sign-in with its user, one for the list.
    expect(few).toBe(2);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await ann.client.conversations.list({ limit: 7, cursor });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(ids);
    expect(await refusal(ann, 'GET', '/conversations?cursor=x')).toBe('422 validation_failed');
    expect(await refusal(null, 'GET', '/conversations')).toBe('401 unauthenticated');
  });

  it('of members comes in pages, too', async () => {
    const [ann, ...others] = await people<[Account, ...Account[]]>(4);
    const { id } = await group(ann, ...others);
    const first = await ann.client.conversations.members({ id, limit: 3 });
    const rest = await ann.client.conversations.members({ id, limit: 3, cursor: first.nextCursor! });
    expect([...first.items, ...rest.items].map(({ user }) => user.id).sort()).toEqual(
      [ann, ...others].map(idOf).sort(),
    );
    expect(rest.nextCursor).toBeNull();
  });
});

it('is not changed too often', async () => {
  const limited = await backend.startApi({ CONVERSATION_RATE_PER_USER: '2' });
  const [ann] = await people<[Account]>(1);
  const make = () =>
    limited.ask('POST', '/api/v1/conversations', {
      token: ann.accessToken,
      body: { kind: 'group', name: 'x' },
    });
  expect([(await make()).status, (await make()).status, (await make()).status]).toEqual([201, 201, 429]);
});
