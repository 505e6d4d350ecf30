import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { errorBody, serverEvents, userPage } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { io, type Socket } from 'socket.io-client';
import { factsHandled, Life } from '../testing/Life.ts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import { refusalOf, type Account, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

// Hashing the passwords of many people takes long beside other tests.
jest.setTimeout(60_000);

let backend: TestBackend;
let api: TestApi;
let sfu: SfuVoice;
const sockets: Socket[] = [];

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi({ PEOPLE_RATE_PER_USER: '1000', STAGE_RATE_PER_USER: '1000' });
  sfu = await SfuVoice.start(backend.redis);
}, 60_000);
afterAll(async () => {
  for (const socket of sockets) socket.disconnect();
  await sfu?.close();
  await backend?.close();
}, 30_000);

const people = (count: number): Promise<Account[]> =>
  Promise.all(Array.from({ length: count }, () => api.register()));
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
  await waitUntil('the connection', () => socket.connected, 10_000);
  const answer: unknown = await socket.timeout(10_000).emitWithAck('session:subscribe', { sessionId });
  return { titles, answer };
}

describe('a block', () => {
  it('is made once however often it is asked for, listed, and lifted', async () => {
    const [ann, bob] = (await people(2)) as [Account, Account];
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
    const [ann] = (await people(1)) as [Account];
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
    const [ann, bob] = (await people(2)) as [Account, Account];
    const path = `/api/v1/users/${bob.user.id}/block`;
    const answers = await Promise.all(
      ['POST', 'POST', 'DELETE'].map((method) => strict.ask(method, path, { token: ann.accessToken })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  });

  it('ends following and contacts, both ways', async () => {
    const [ann, bob, cat] = (await people(3)) as [Account, Account, Account];
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

describe('sessions of somebody who blocks or is blocked', () => {
  it('are not there, in lists and by id, for both; others and moderators see them', async () => {
    const show = await live();
    const [guest, other, moderator] = (await people(3)) as [Account, Account, Account];
    await backend.database.user.update({ where: { id: moderator.user.id }, data: { role: 'moderator' } });
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
    const [host, guest] = (await people(2)) as [Account, Account];
    const { id } = await host.client.sessions.create({ title: 'before' });
    const [of, other] = [await subscribe(guest, id), await subscribe(null, id)];
    await host.client.sessions.update({ id, title: 'first' });
    await waitUntil('the first news', () => of.titles.includes('first'), 10_000);
    await block(guest, host);
    await host.client.sessions.update({ id, title: 'second' });
    await host.client.sessions.update({ id, title: 'third' });
    await waitUntil('the news of others', () => other.titles.includes('third'), 10_000);
    expect(of.titles).toEqual(['first']);
    const again = errorBody.parse((await subscribe(guest, id)).answer);
    expect(again.error.code).toBe('not_found');
  });
});

describe('the stage of a host who blocks or is blocked', () => {
  const mine = async (id: string, { user }: Account) =>
    (await backend.database.stageSeat.findFirst({ where: { sessionId: id, userId: user.id } }))?.state;

  it('loses the person at once, in every open session', async () => {
    const [host, guest] = (await people(2)) as [Account, Account];
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
    const [host, ...guests] = (await people(7)) as [Account, ...Account[]];
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
