import { randomUUID } from 'node:crypto';
import { errorBody, serverEvents, userPage } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { Prisma } from '@maydan/prisma';
import { io, type Socket } from 'socket.io-client';
import { factsHandled, Life } from '../testing/Life.ts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import { refusalOf, type Account, type Answer, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';
import { whileHeld as whileRowHeld, type HeldStep } from '../testing/whileHeld.ts';

let backend: TestBackend;
let api: TestApi;
let sfu: SfuVoice;
const sockets: Socket[] = [];

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ PEOPLE_RATE_PER_USER: '1000', STAGE_RATE_PER_USER: '1000' });
  sfu = await SfuVoice.start(backend.redis);
});
afterAll(async () => {
  for (const socket of sockets) socket.disconnect();
  await sfu?.close();
  await backend?.close();
});

const ask = (method: string, path: string, account?: Account, body?: object) =>
  api.ask(method, `/api/v1${path}`, {
    ...(account === undefined ? {} : { token: account.accessToken }),
    ...(body === undefined ? {} : { body }),
  });
const block = (who: Account, whom: Account) => who.client.blocks.create({ id: whom.user.id });
const unblock = (who: Account, whom: Account) => who.client.blocks.remove({ id: whom.user.id });
const follow = (who: Account, whom: Account) =>
  backend.database.follow.create({ data: { followerId: who.user.id, followeeId: whom.user.id } });

/** A host who is live, and the listed session. */
async function live(): Promise<Life> {
  return (await Life.create(backend, () => api)).goLive();
}

async function subscribe(account: Account | null, sessionId: string) {
  const auth = account === null ? {} : { token: account.accessToken };
  const socket = io(api.url, { transports: ['websocket'], forceNew: true, auth });
  sockets.push(socket);
  const titles: string[] = [];
  socket.on('session:updated', (payload: unknown) => {
    titles.push(serverEvents['session:updated'].parse(payload).session.title);
  });
  await waitUntil('the connection', () => socket.connected, 60_000);
  const answer: unknown = await socket.timeout(60_000).emitWithAck('session:subscribe', { sessionId });
  return { titles, answer };
}

describe('a block', () => {
  it('is made once however often it is asked for, listed, and lifted', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    await Promise.all([block(ann, bob), block(ann, bob), block(bob, ann), block(ann, bob)]);
    const { items } = userPage.parse(await ann.client.blocks.list({}));
    expect(items.map(({ user }) => user.id)).toEqual([bob.user.id]);
    expect(Object.keys(items[0]!.user).sort()).toEqual(['displayName', 'id', 'username']);
    await Promise.all([unblock(ann, bob), unblock(ann, bob)]);
    expect((await ann.client.blocks.list({})).items).toEqual([]);
    // The other's own block still stands.
    expect(refusalOf(await ask('GET', `/channels/${bob.user.username}`, ann))).toBe('404 not_found');
    await unblock(bob, ann);
    expect((await ask('GET', `/channels/${bob.user.username}`, ann)).status).toBe(200);
  });

  it('is of somebody else who is there, by somebody who is signed in', async () => {
    const [ann] = (await api.people(1)) as [Account];
    for (const method of ['POST', 'DELETE']) {
      expect(refusalOf(await ask(method, `/users/${ann.user.id}/block`))).toBe('401 unauthenticated');
      expect(refusalOf(await ask(method, '/users/nonsense/block', ann))).toBe('422 validation_failed');
    }
    expect(refusalOf(await ask('GET', '/me/blocks'))).toBe('401 unauthenticated');
    expect(refusalOf(await ask('GET', '/me/blocks?cursor=x', ann))).toBe('422 validation_failed');
    expect(refusalOf(await ask('GET', '/me/blocks?limit=101', ann))).toBe('422 validation_failed');
    expect(refusalOf(await ask('POST', `/users/${randomUUID()}/block`, ann))).toBe('404 not_found');
    expect(refusalOf(await ask('POST', `/users/${ann.user.id}/block`, ann))).toBe('409 conflict');
  });

  it('may not be changed without end', async () => {
    const strict = await backend.startApi({ PEOPLE_RATE_PER_USER: '2' });
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const path = `/api/v1/users/${bob.user.id}/block`;
    const answers = await Promise.all(
      ['POST', 'POST', 'DELETE'].map((method) => strict.ask(method, path, { token: ann.accessToken })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  });

  it('ends following and contacts, both ways', async () => {
    const [ann, bob, cat] = (await api.people(3)) as [Account, Account, Account];
    for (const [who, whom] of [
      [ann, bob],
      [bob, ann],
      [ann, cat],
    ] as const) {
      await follow(who, whom);
      await backend.database.contact.create({ data: { ownerId: who.user.id, contactId: whom.user.id } });
    }
    await block(bob, ann);
    const follows = await backend.database.follow.findMany({ where: { followerId: ann.user.id } });
    expect(follows.map(({ followeeId }) => followeeId)).toEqual([cat.user.id]);
    expect(await backend.database.follow.count({ where: { followerId: bob.user.id } })).toBe(0);
    const contacts = await backend.database.contact.findMany({ where: { ownerId: ann.user.id } });
    expect(contacts.map(({ contactId }) => contactId)).toEqual([cat.user.id]);
    expect(await backend.database.contact.count({ where: { ownerId: bob.user.id } })).toBe(0);
  });
});

describe('what begins at the moment of a block', () => {
  /** While nobody gets at a conversation. */
  const whileHeld = (id: string, steps: readonly HeldStep<Answer>[]) =>
    whileRowHeld(
      backend.database,
      Prisma.sql`SELECT FROM "Conversation" WHERE "id" = ${id}::uuid FOR UPDATE`,
      steps,
    );
  const codes = async (begun: readonly Promise<Answer>[]): Promise<string[]> =>
    (await Promise.all(begun)).map((answer) => (answer.status < 300 ? 'done' : refusalOf(answer)));
  const blockOver = (who: Account, whom: Account) => ask('POST', `/users/${whom.user.id}/block`, who);

  it('is not written, when it waited for the block', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const { id } = await bob.client.conversations.direct({ userId: ann.user.id });
    const write = () =>
      ask('POST', `/conversations/${id}/messages`, bob, { tempId: randomUUID(), text: 'hey' });
    const begun = await whileHeld(id, [
      { waits: true, begin: () => blockOver(ann, bob) },
      { waits: true, begin: write },
    ]);
    expect(await codes(begun)).toEqual(['done', '403 messages_refused']);
    expect((await bob.client.messages.history({ id })).items).toEqual([]);
    // Each of the two has to take their own block back.
    await block(bob, ann);
    await unblock(ann, bob);
    expect(refusalOf(await write())).toBe('403 messages_refused');
    await unblock(bob, ann);
    expect((await write()).status).toBe(201);
  });

  it('is not edited either, when it waited for the block', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const { id } = await bob.client.conversations.direct({ userId: ann.user.id });
    const message = await bob.client.messages.send({ id, tempId: randomUUID(), text: 'before' });
    const edit = () => ask('PATCH', `/messages/${message.id}`, bob, { text: 'after' });
    const begun = await whileHeld(id, [
      { waits: true, begin: () => blockOver(ann, bob) },
      { waits: true, begin: edit },
    ]);
    expect(await codes(begun)).toEqual(['done', '403 messages_refused']);
    const { text, revision } = await bob.client.messages.get({ id: message.id });
    expect([text, revision]).toEqual(['before', message.revision]);
    await unblock(ann, bob);
    expect((await edit()).status).toBe(200);
  });

  it('is no place in a group, when the block came first', async () => {
    const [ann, bob] = (await api.people(2)) as [Account, Account];
    const { id } = await ann.client.conversations.create({ kind: 'group', name: 'us' });
    const add = () => ask('POST', `/conversations/${id}/members`, ann, { userIds: [bob.user.id] });
    const begun = await whileHeld(id, [
      { waits: true, begin: add },
      { waits: false, begin: () => blockOver(bob, ann) },
    ]);
    expect(await codes(begun)).toEqual(['404 not_found', 'done']);
    expect((await ann.client.conversations.get({ id })).memberCount).toBe(1);
  });

  it('is not left over, whatever is asked at once', async () => {
    for (let round = 0; round < 4; round++) {
      const [ann, bob] = (await api.people(2)) as [Account, Account];
      const person = `/users/${ann.user.id}`;
      await Promise.all([
        ...[`${person}/follow`, `${person}/contact`].map((path) => ask('POST', path, bob)),
        ask('PUT', `/me/subscribers/${ann.user.id}`, bob, {}),
        ask('POST', '/conversations/direct', bob, { userId: ann.user.id }),
        blockOver(ann, bob),
      ]);
      const [one, other] = [ann.user.id, bob.user.id];
      const both = { in: [one, other] };
      const { follow: follows, contact, subscriber, conversation } = backend.database;
      expect(await follows.count({ where: { followerId: both, followeeId: both } })).toBe(0);
      expect(await contact.count({ where: { ownerId: both, contactId: both } })).toBe(0);
      expect(await subscriber.count({ where: { hostId: both, userId: both } })).toBe(0);
      const direct = await conversation.findUnique({ where: { pairKey: [one, other].sort().join(' ') } });
      expect(direct?.blocked ?? true).toBe(true);
    }
  });
});

describe('sessions of somebody who blocks or is blocked', () => {
  it('are not there, in lists and by id, for both; others and moderators see them', async () => {
    const show = await live();
    const [guest, other, moderator] = (await api.people(3)) as [Account, Account, Account];
    await backend.giveRole(moderator, 'moderator');
    const { host, sessionId: id } = show;
    const seen = async (account?: Account): Promise<boolean[]> => {
      const client = account?.client ?? api.client;
      const { items } = await client.sessions.list({ host: host.user.username });
      const paths = [`/sessions/${id}`, `/sessions/${id}/stage`, `/channels/${host.user.username}`];
      const answers = await Promise.all(paths.map((path) => ask('GET', path, account)));
      return [items.length === 1, ...answers.map(({ status }) => status === 200)];
    };
    const all = [true, true, true, true];
    const none = [false, false, false, false];
    expect(await seen(guest)).toEqual(all);
    await block(host, guest);
    expect(await seen(guest)).toEqual(none);
    for (const [method, path, body] of [
      ['POST', `/sessions/${id}/join`, {}],
      ['POST', `/sessions/${id}/stage/seat`],
      ['POST', `/sessions/${id}/stage/seat/accept`],
      ['DELETE', `/sessions/${id}/stage/seat`],
      ['GET', `/sessions/${id}/health`],
      ['POST', `/sessions/${id}/end`],
      ['PATCH', `/sessions/${id}`, { title: 'mine' }],
    ] as const) {
      expect([method, path, refusalOf(await ask(method, path, guest, body))]).toEqual([
        method,
        path,
        '404 not_found',
      ]);
    }
    expect([await seen(), await seen(other), await seen(host)]).toEqual([all, all, all]);
    await unblock(host, guest);
    await block(guest, host);
    expect(await seen(guest)).toEqual(none);
    await block(moderator, host);
    expect(await seen(moderator)).toEqual(all);
    await unblock(guest, host);
    expect(await seen(guest)).toEqual(all);
  });

  it('send nothing more to their sockets', async () => {
    const [host, guest] = (await api.people(2)) as [Account, Account];
    const { id } = await host.client.sessions.create({ title: 'before' });
    const [of, other] = [await subscribe(guest, id), await subscribe(null, id)];
    await host.client.sessions.update({ id, title: 'first' });
    await waitUntil('the first news', () => of.titles.includes('first'), 60_000);
    await block(guest, host);
    await host.client.sessions.update({ id, title: 'second' });
    await host.client.sessions.update({ id, title: 'third' });
    await waitUntil('the news of others', () => other.titles.includes('third'), 60_000);
    expect(of.titles).toEqual(['first']);
    const again = errorBody.parse((await subscribe(guest, id)).answer);
    expect(again.error.code).toBe('not_found');
  });
});

describe('the chat of a host who blocks', () => {
  it('is left at once by the open sockets of the person, who is told nothing', async () => {
    const [host, guest] = (await api.people(2)) as [Account, Account];
    const { id: sessionId } = await host.client.sessions.create({ title: 'talk' });
    const socket = await TestSocket.connect(api.url, { token: guest.accessToken });
    await socket.ask('chat:join', { sessionId });
    const reacting = () => socket.codeOf('reaction:send', { sessionId, kind: 'heart', count: 1 });
    expect(await reacting()).toBeUndefined();
    await block(host, guest);
    await waitUntil('the chat to be left', async () => (await reacting()) === 'not_found', 60_000);
    expect(await socket.codeOf('chat:join', { sessionId })).toBe('not_found');
    expect(socket.of('chat:closed')).toEqual([]);
    socket.socket.disconnect();
  });
});

describe('the stage of a host who blocks or is blocked', () => {
  const mine = async (id: string, { user }: Account) =>
    (await backend.database.stageSeat.findFirst({ where: { sessionId: id, userId: user.id } }))?.state;

  it('loses the person at once, in every open session', async () => {
    const [host, guest] = (await api.people(2)) as [Account, Account];
    const [first, second] = await Promise.all(
      ['one', 'two'].map(async (title) => (await host.client.sessions.create({ title })).id),
    );
    const userId = guest.user.id;
    await sfu.open(first!);
    await guest.client.stage.request({ id: first! });
    await host.client.stage.admit({ id: first!, userId });
    await host.client.stage.invite({ id: second!, user: { userId } });
    const device = { sessionId: first!, peerId: randomUUID(), userId, role: 'cohost' as const };
    await sfu.joined(device);
    await factsHandled(backend.redis);
    expect(await mine(first!, guest)).toBe('onStage');
    await block(host, guest);
    expect([await mine(first!, guest), await mine(second!, guest)]).toEqual(['removed', 'removed']);
    await sfu.commands.until(
      (command) =>
        command.type === 'removePeer' &&
        command.sessionId === first &&
        JSON.stringify(command.whom) === JSON.stringify({ userId }),
    );
    // A device that comes with a token from before is put out again.
    const late = { ...device, peerId: randomUUID() };
    await sfu.joined(late, new Date(Date.now() + 10));
    await sfu.commands.until(
      (command) => command.type === 'removePeer' && JSON.stringify(command).includes(late.peerId),
    );
    for (const user of [{ userId }, { username: guest.user.username }]) {
      const answer = await ask('POST', `/sessions/${first}/stage/seats`, host, { user });
      expect(refusalOf(answer)).toBe('404 not_found');
    }
  });

  it('has no seat for the person left, whatever is asked at the same time', async () => {
    const [host, ...guests] = (await api.people(7)) as [Account, ...Account[]];
    const { id } = await host.client.sessions.create({ title: 'race' });
    for (const [index, guest] of guests.entries()) {
      const [who, whom] = index % 2 === 0 ? [host, guest] : [guest, host];
      const invite = { user: { userId: guest.user.id } };
      await Promise.all([
        ask('POST', `/sessions/${id}/stage/seat`, guest),
        ask('POST', `/sessions/${id}/stage/seats`, host, invite),
        block(who, whom),
        ask('POST', `/sessions/${id}/stage/seat`, guest),
        ask('POST', `/sessions/${id}/stage/seats`, host, invite),
      ]);
      expect([undefined, 'removed']).toContain(await mine(id, guest));
    }
  });
});
