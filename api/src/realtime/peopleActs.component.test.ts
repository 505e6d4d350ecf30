import { randomUUID } from 'node:crypto';
import { waitUntil } from '@maydan/infra';
import { follow, untilOnline } from '../testing/statuses.ts';
import { idOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { askMessage as ask, TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
let second: TestApi;
let ann: Account;
let bob: Account;
/** Ann's at the one node, Bob's at the other, and somebody's who is not signed in. */
let anns: TestSocket;
let bobs: TestSocket;
let guest: TestSocket;

beforeAll(async () => {
  backend = await TestBackend.start();
  [api, second] = await Promise.all([backend.startApi(), backend.startApi()]);
});
beforeEach(async () => {
  [ann, bob] = (await api.people(2)) as [Account, Account];
  [anns, bobs, guest] = await Promise.all([
    connect(ann),
    connect(bob, second),
    TestSocket.connect(second.url),
  ]);
});
afterEach(() => TestSocket.closeAll());
afterAll(() => backend?.close());

const connect = (who: Account, where = api): Promise<TestSocket> =>
  TestSocket.connect(where.url, { token: who.accessToken });

describe('people', () => {
  it('are followed and kept as contacts, again and at once; who is followed is told', async () => {
    const what = idOf(bob);
    const both = await Promise.all([1, 2].map(() => ask(anns, 'user:follow', what)));
    const overRest = await second.clientOf(ann.accessToken).people.follow(what);
    expect(both.map(({ relation }) => relation)).toEqual([overRest, overRest]);
    expect(overRest).toMatchObject({ following: true, contact: false });
    await bobs.until('notification:new');
    expect(bobs.of('notification:new')[0]?.notification).toMatchObject({
      ...{ type: 'follow', actorCount: 1, count: 1, actors: [idOf(ann)] },
    });
    for (let time = 0; time < 2; time++) {
      expect((await ask(anns, 'contact:add', what)).relation).toEqual({ ...overRest, contact: true });
    }
    for (let time = 0; time < 2; time++) {
      expect((await ask(anns, 'contact:remove', what)).relation).toEqual(overRest);
      await ask(anns, 'user:unfollow', what);
      expect((await bob.client.people.followers(what)).items).toEqual([]);
      await ask(anns, 'user:follow', what);
    }
    expect((await ann.client.people.following(idOf(ann))).items.map(({ user }) => user.id)).toEqual([
      bob.user.id,
    ]);
  });

  it('are blocked and unblocked, again and at once, with all that follows from it', async () => {
    await ask(anns, 'user:follow', idOf(bob));
    const conversationId = (await ann.client.conversations.direct({ userId: bob.user.id })).id;
    await ask(anns, 'conversation:subscribe', { conversationId });
    const both = await Promise.all([1, 2].map(() => ask(bobs, 'user:block', idOf(ann))));
    expect(both).toEqual([{}, {}]);
    expect((await bob.client.blocks.list({})).items.map(({ user }) => user.id)).toEqual([ann.user.id]);
    expect((await bob.client.people.followers(idOf(bob))).items).toEqual([]);
    expect(await anns.codeOf('typing:start', { conversationId })).toBe('messages_refused');
    for (const name of ['user:follow', 'contact:add']) {
      expect(await anns.codeOf(name, idOf(bob))).toBe('not_found');
    }
    for (let time = 0; time < 2; time++) expect(await ask(bobs, 'user:unblock', idOf(ann))).toEqual({});
    expect((await ask(anns, 'user:follow', idOf(bob))).relation.following).toBe(true);
  });

  it('are not themselves, nobody, or for guests; and not for who is banned', async () => {
    for (const name of ['user:follow', 'contact:add', 'user:block']) {
      expect(await anns.codeOf(name, idOf(ann))).toBe('conflict');
      expect(await anns.codeOf(name, { id: randomUUID() })).toBe('not_found');
      expect(await anns.codeOf(name, { id: 'x' })).toBe('validation_failed');
      expect(await guest.codeOf(name, idOf(ann))).toBe('unauthenticated');
    }
    const bannedAt = new Date();
    await backend.database.user.update({ where: idOf(ann), data: { bannedAt } });
    expect(await anns.codeOf('user:follow', idOf(bob))).toBe('account_banned');
    expect(await anns.codeOf('status:create', { tempId: 'one', text: 'one' })).toBe('account_banned');
  });
});

describe('statuses', () => {
  it('are made once for a tempId, over sockets and REST; followers are told, also when one is deleted', async () => {
    await Promise.all([follow(bob, ann), untilOnline(backend, bob)]);
    const wish = { tempId: randomUUID(), text: 'hello', audience: 'followers' } as const;
    const [one, other, overRest] = await Promise.all([
      ask(anns, 'status:create', wish),
      ask(anns, 'status:create', wish),
      second.clientOf(ann.accessToken).statuses.create(wish),
    ]);
    expect([one.status, other.status]).toEqual([overRest, overRest]);
    const { id } = overRest;
    await bobs.until('status:created');
    expect(await ask(bobs, 'status:see', { id })).toEqual({});
    expect(await bobs.codeOf('status:delete', { id })).toBe('forbidden');
    expect(await ask(anns, 'status:delete', { id })).toEqual({});
    expect(await anns.codeOf('status:delete', { id })).toBe('not_found');
    await bobs.until('status:deleted');
    expect(bobs.of('status:created').map(({ status }) => status.id)).toEqual([id]);
    expect(bobs.of('status:deleted')).toEqual([{ statusId: id, userId: ann.user.id }]);
    expect(await anns.codeOf('status:create', wish)).toBe('conflict');
  });

  it('are refused when they show nothing or use what is not there, and to guests', async () => {
    const wish = { tempId: 'one', text: 'hello' };
    for (const wrong of [{ text: ' ' }, { tempId: '' }, { audience: 'nobody' }, { mediaId: 7 }]) {
      expect(await anns.codeOf('status:create', { ...wish, ...wrong })).toBe('validation_failed');
    }
    expect(await anns.codeOf('status:create', { ...wish, mediaId: randomUUID() })).toBe('conflict');
    expect(await anns.codeOf('status:delete', { id: 'x' })).toBe('validation_failed');
    expect(await anns.codeOf('status:delete', { id: randomUUID() })).toBe('not_found');
    for (const name of ['status:create', 'status:delete']) {
      expect(await guest.codeOf(name, { ...wish, id: randomUUID() })).toBe('unauthenticated');
    }
    expect((await ann.client.statuses.mine({})).items).toEqual([]);
  });

  it('of others are deleted by moderators, as long as they are', async () => {
    await backend.giveRole(bob, 'moderator');
    const [first, last] = [
      await ann.client.statuses.create({ tempId: 'first', text: 'first' }),
      await ann.client.statuses.create({ tempId: 'last', text: 'last' }),
    ];
    expect(await ask(bobs, 'status:delete', { id: first.id })).toEqual({});
    await backend.giveRole(bob, 'user');
    expect(await bobs.codeOf('status:delete', { id: last.id })).toBe('not_found');
    expect((await ann.client.statuses.mine({})).items.map(({ id }) => id)).toEqual([last.id]);
  });
});

describe('conversations', () => {
  const inIt = async (who: Account, id: string): Promise<string[][]> => {
    const { items } = await who.client.conversations.members({ id });
    return items.map(({ user, role }) => [user.id, role]).sort();
  };

  it('between two are one, over sockets and REST, at both nodes at once; one takes it out of the own view', async () => {
    const [ownSocket, { id: userId }] = [await connect(ann, second), bob.user];
    const [one, other, reverse, overRest] = await Promise.all([
      ask(anns, 'conversation:direct', { userId }),
      ask(ownSocket, 'conversation:direct', { userId }),
      ask(bobs, 'conversation:direct', { userId: ann.user.id }),
      second.clientOf(ann.accessToken).conversations.direct({ userId }),
    ]);
    const { id } = overRest;
    expect([one, other, reverse].map(({ conversation }) => conversation.id)).toEqual([id, id, id]);
    // Whoever made it is told of it, on all devices; the other by the first message in it.
    const told = () => [anns, bobs].some((socket) => socket.of('conversation:created').length > 0);
    await waitUntil('who made it is told', told, 60_000);
    await ask(anns, 'message:send', { id, tempId: 'one', text: 'one' });
    await bobs.until('message:created');
    expect(await anns.codeOf('conversation:update', { id, name: 'two' })).toBe('conflict');
    expect(await anns.codeOf('member:add', { id, userIds: [randomUUID()] })).toBe('conflict');
    expect(await ask(anns, 'conversation:delete', { id })).toEqual({});
    await ownSocket.until('conversation:deleted');
    expect(await anns.codeOf('conversation:direct', { userId: ann.user.id })).toBe('conflict');
    expect(await anns.codeOf('conversation:direct', { userId: randomUUID() })).toBe('not_found');
    expect(await anns.codeOf('conversation:direct', { userId: 'x' })).toBe('validation_failed');
    expect(await guest.codeOf('conversation:direct', { userId })).toBe('unauthenticated');
  });

  it('of groups are made, changed and deleted by who may; the others are told', async () => {
    const wish = { kind: 'group', name: 'ours', memberIds: [bob.user.id] };
    const { conversation } = await ask(anns, 'conversation:create', wish);
    const { id } = conversation;
    expect(conversation).toMatchObject({ name: 'ours', memberCount: 2, membership: { role: 'owner' } });
    expect(await ann.client.conversations.get({ id })).toEqual(conversation);
    await bobs.until('conversation:created');
    const change = { id, name: 'all of ours' };
    expect(await bobs.codeOf('conversation:update', change)).toBe('forbidden');
    for (let time = 0; time < 2; time++) {
      const { conversation: changed } = await ask(anns, 'conversation:update', change);
      expect(changed).toMatchObject({ ...change, memberCount: 2 });
    }
    await bobs.until('conversation:updated');
    expect(bobs.of('conversation:updated')[0]?.conversation).toMatchObject(change);
    expect(await bobs.codeOf('conversation:delete', { id })).toBe('forbidden');
    expect(await ask(anns, 'conversation:delete', { id })).toEqual({});
    await bobs.until('conversation:deleted');
    for (const name of ['conversation:delete', 'conversation:update']) {
      expect(await anns.codeOf(name, change)).toBe('not_found');
      expect(await anns.codeOf(name, { ...change, id: 'x' })).toBe('validation_failed');
      expect(await guest.codeOf(name, change)).toBe('unauthenticated');
    }
    for (const wrong of [{ name: '' }, { kind: 'direct' }, { memberIds: ['x'] }]) {
      expect(await anns.codeOf('conversation:create', { ...wish, ...wrong })).toBe('validation_failed');
    }
    const nobody = { ...wish, memberIds: [randomUUID()] };
    expect(await anns.codeOf('conversation:create', nobody)).toBe('not_found');
    expect(await guest.codeOf('conversation:create', wish)).toBe('unauthenticated');
  });

  it('have members who are added, promoted and removed, and who leave; an owner who leaves hands over', async () => {
    const [eve, userId] = [await api.register(), bob.user.id];
    const eves = await connect(eve);
    const { id } = await ann.client.conversations.create({ kind: 'group', name: 'ours', memberIds: [] });
    const what = { id, userId };
    for (const name of ['member:add', 'member:remove', 'member:setRole', 'conversation:leave']) {
      const body = { ...what, userIds: [userId], role: 'admin' };
      expect(await bobs.codeOf(name, body)).toBe('not_found');
      expect(await anns.codeOf(name, { ...body, id: 'x' })).toBe('validation_failed');
      expect(await guest.codeOf(name, body)).toBe('unauthenticated');
    }
    expect(await anns.codeOf('member:add', { id, userIds: [userId, randomUUID()] })).toBe('not_found');
    const added = await Promise.all([1, 2].map(() => ask(anns, 'member:add', { id, userIds: [userId] })));
    for (const { members } of added)
      expect(members).toMatchObject([{ user: { id: userId }, role: 'member' }]);
    await bobs.until('conversation:created');
    expect(await bobs.codeOf('member:add', { id, userIds: [eve.user.id] })).toBe('forbidden');
    expect(await bobs.codeOf('member:setRole', { ...what, role: 'admin' })).toBe('forbidden');
    expect(await bobs.codeOf('member:remove', { id, userId: ann.user.id })).toBe('forbidden');
    for (let time = 0; time < 2; time++) {
      const { member } = await ask(anns, 'member:setRole', { ...what, role: 'admin' });
      expect(member).toMatchObject({ user: { id: userId }, role: 'admin' });
    }
    await bobs.until('member:updated');
    await ask(bobs, 'member:add', { id, userIds: [eve.user.id] });
    await eves.until('conversation:created');
    const removal = { id, userId: eve.user.id };
    for (let time = 0; time < 2; time++) expect(await ask(bobs, 'member:remove', removal)).toEqual({});
    await eves.until('member:left');
    expect(await anns.codeOf('member:setRole', { ...removal, role: 'admin' })).toBe('not_found');
    expect(await ask(anns, 'conversation:leave', { id })).toEqual({});
    expect(await anns.codeOf('conversation:leave', { id })).toBe('not_found');
    expect(await inIt(bob, id)).toEqual([[userId, 'owner']]);
  });

  it('that are public are joined by anybody, but for who was removed', async () => {
    const { conversation } = await ask(anns, 'conversation:create', { kind: 'publicChannel', name: 'open' });
    const { id } = conversation;
    const both = await Promise.all([1, 2].map(() => ask(bobs, 'conversation:join', { id })));
    for (const joined of both) {
      expect(joined.conversation).toMatchObject({ id, memberCount: 2, membership: { role: 'member' } });
    }
    expect(await ask(anns, 'member:remove', { id, userId: bob.user.id })).toEqual({});
    await bobs.until('member:left');
    expect(await bobs.codeOf('conversation:join', { id })).toBe('forbidden');
    expect(await bobs.codeOf('conversation:join', { id: randomUUID() })).toBe('not_found');
    expect(await bobs.codeOf('conversation:join', { id: 'x' })).toBe('validation_failed');
    expect(await guest.codeOf('conversation:join', { id })).toBe('unauthenticated');
    expect(await inIt(ann, id)).toEqual([[ann.user.id, 'owner']]);
  });
});

it('all of it counts, together with what is asked for over REST', async () => {
  const limited = await backend.startApi({
    ...{ PEOPLE_RATE_PER_USER: '2', STATUS_RATE_PER_USER: '2', CONVERSATION_RATE_PER_USER: '2' },
  });
  const socket = await connect(ann, limited);
  await limited.clientOf(ann.accessToken).people.follow(idOf(bob));
  await ask(socket, 'user:block', idOf(bob));
  for (const name of ['user:follow', 'user:unfollow', 'contact:add', 'contact:remove', 'user:unblock']) {
    expect(await socket.codeOf(name, idOf(bob))).toBe('rate_limited');
  }
  const { id } = await limited.clientOf(ann.accessToken).statuses.create({ tempId: 'one', text: 'one' });
  await ask(socket, 'status:create', { tempId: 'two', text: 'two' });
  expect(await socket.codeOf('status:create', { tempId: 'three', text: 'three' })).toBe('rate_limited');
  expect(await socket.codeOf('status:delete', { id })).toBe('rate_limited');

  const wish = { kind: 'group', name: 'ours', memberIds: [] as string[] } as const;
  const group = (await limited.clientOf(ann.accessToken).conversations.create(wish)).id;
  await ask(socket, 'conversation:update', { id: group, name: 'all of ours' });
  const whole = { ...wish, id: group, userId: bob.user.id, userIds: [bob.user.id], role: 'admin' };
  for (const name of [
    ...['conversation:direct', 'conversation:create', 'conversation:update', 'conversation:delete'],
    ...['conversation:join', 'conversation:leave', 'member:add', 'member:remove', 'member:setRole'],
  ]) {
    expect(await socket.codeOf(name, whole)).toBe('rate_limited');
  }
});
