import { controlDocument, controlKey, errorBody, serverEvents } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { newId } from '@maydan/prisma';
import jwt from 'jsonwebtoken';
import { io, type Socket } from 'socket.io-client';
import type { z } from 'zod';
import { SfuVoice } from '../testing/SfuVoice.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

type ServerEvent = keyof typeof serverEvents;

let backend: TestBackend;
let api: TestApi;
/** What one process does is heard at the other. */
let second: TestApi;
let sfu: SfuVoice;
const sockets: Socket[] = [];

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  second = await backend.startApi();
  sfu = await SfuVoice.start(backend.redis);
});
afterAll(async () => {
  for (const socket of sockets) socket.disconnect();
  await sfu?.close();
  await backend?.close();
});

function open(to: TestApi, auth: object): Socket {
  const socket = io(to.url, { transports: ['websocket'], forceNew: true, reconnection: false, auth });
  sockets.push(socket);
  return socket;
}

/** A client that is connected, and all it was told, parsed. */
async function connect(to: TestApi, account?: Account) {
  const socket = open(to, account === undefined ? {} : { token: account.accessToken });
  const heard: { event: ServerEvent; payload: unknown }[] = [];
  for (const event of Object.keys(serverEvents) as ServerEvent[]) {
    socket.on(event, (payload: unknown) => {
      heard.push({ event, payload: serverEvents[event].parse(payload) });
    });
  }
  await waitUntil('the connection', () => socket.connected, 60_000);
  const of = <E extends ServerEvent>(event: E) =>
    heard.filter((one) => one.event === event).map((one) => one.payload as z.infer<(typeof serverEvents)[E]>);
  return { socket, heard, of };
}

/** Why a handshake is refused. */
async function refusal(auth: object): Promise<string> {
  const socket = open(api, auth);
  let data: unknown;
  socket.on('connect_error', (error: Error & { data?: unknown }) => (data = error.data));
  await waitUntil('the refusal', () => data !== undefined, 60_000);
  expect(socket.connected).toBe(false);
  return errorBody.parse(data).error.code;
}

describe('a handshake', () => {
  it('needs no token, and refuses one that is not good with its code', async () => {
    const account = await api.register();
    await connect(api);
    await connect(api, account);
    expect(await refusal({ token: 'nonsense' })).toBe('token_invalid');
    const claims = jwt.decode(account.accessToken) as Record<string, unknown>;
    const past = Math.floor(Date.now() / 1_000) - 10;
    const expired = jwt.sign({ ...claims, exp: past }, 'a'.repeat(20) + 'b'.repeat(20));
    expect(await refusal({ token: expired })).toBe('token_expired');
    await backend.database.user.update({ where: { id: account.user.id }, data: { bannedAt: new Date() } });
    expect(await refusal({ token: account.accessToken })).toBe('account_banned');
  });

  it('without a text for a token is that of a guest', async () => {
    expect(await refusal({ token: '' })).toBe('unauthenticated');
    for (const auth of [{ token: null }, { token: 7 }, { other: 1 }]) {
      const socket = open(api, auth);
      await waitUntil('an answer', () => socket.connected, 60_000);
    }
  });
});

describe('the stage over sockets', () => {
  it('tells the person and the host about seats, and nobody else', async () => {
    const [host, guest, stranger] = [await api.register(), await api.register(), await api.register()];
    const { id } = await host.client.sessions.create({ title: 'show' });
    const [hosts, guests, others] = [
      await connect(api, host),
      await connect(second, guest),
      await connect(api, stranger),
    ];
    const anonymous = await connect(second);
    await anonymous.socket.timeout(60_000).emitWithAck('session:subscribe', { sessionId: id });
    await guest.client.stage.request({ id });
    await waitUntil('the host', () => hosts.of('stage:seatChanged').length === 1, 60_000);
    expect(hosts.of('stage:seatChanged')[0]?.seat).toMatchObject({
      state: 'requested',
      user: { id: guest.user.id },
    });
    await host.client.stage.admit({ id, userId: guest.user.id });
    await waitUntil('the guest', () => guests.of('stage:seatChanged').length === 2, 60_000);
    expect(guests.of('stage:seatChanged').map(({ seat }) => seat.state)).toEqual(['requested', 'accepted']);
    await waitUntil('the room', () => anonymous.of('stage:updated').length === 1, 60_000);
    expect(anonymous.of('stage:updated')[0]?.stage.seats).toMatchObject([
      { state: 'accepted', user: { id: guest.user.id } },
    ]);
    expect(anonymous.of('stage:seatChanged')).toEqual([]);
    expect(others.heard.filter(({ event }) => event.startsWith('stage:'))).toEqual([]);
  });

  it('invites, and shows who comes and goes', async () => {
    const [host, guest] = [await api.register(), await api.register()];
    const { id } = await host.client.sessions.create({ title: 'show' });
    await sfu.open(id);
    const guests = await connect(second, guest);
    const room = await connect(api);
    await room.socket.timeout(60_000).emitWithAck('session:subscribe', { sessionId: id });
    await host.client.stage.invite({ id, user: { userId: guest.user.id } });
    await waitUntil('the invitation', () => guests.of('stage:invited').length === 1, 60_000);
    expect(guests.of('stage:invited')[0]).toMatchObject({
      seat: { sessionId: id, state: 'invited' },
      title: 'show',
      host: { id: host.user.id },
    });
    await guest.client.stage.accept({ id });
    const { peerId } = await guest.client.stage.join({ id, role: 'cohost' });
    const device = { sessionId: id, peerId, userId: guest.user.id, role: 'cohost' as const };
    await sfu.joined(device);
    const last = () => room.of('stage:updated').at(-1)?.stage;
    await waitUntil('the guest on stage', () => last()?.people[0]?.peerId === peerId, 60_000);
    expect(last()?.seats[0]?.state).toBe('onStage');
    await sfu.left(device, 'left', new Date(Date.now() + 10));
    await waitUntil('an empty stage', () => last()?.people.length === 0, 60_000);
    expect(last()?.seats).toEqual([]);
    const state = () => guests.of('stage:seatChanged').at(-1)?.seat.state;
    await waitUntil('the guest to be told', () => state() === 'left', 60_000);
    expect(guests.of('stage:invited')).toHaveLength(1);
  });
});

describe('the layout of a stage', () => {
  it('is chosen by its host, and told at once to people and to the worker that composes', async () => {
    const [host, other] = (await api.people(2)) as [Account, Account];
    const usual = await host.client.sessions.create({ title: 'as usual' });
    expect(usual.stageLayout).toBe('grid');
    const { id, stageLayout } = await host.client.sessions.create({ title: 'us', stageLayout: 'spotlight' });
    expect(stageLayout).toBe('spotlight');
    const change = (who: Account | null, layout: unknown, to = id) =>
      api.refusal(who, 'PATCH', `/sessions/${to}`, { stageLayout: layout });
    expect(await change(null, 'grid')).toBe('401 unauthenticated');
    expect(await change(other, 'grid')).toBe('403 forbidden');
    expect(await change(host, 'grid', newId())).toBe('404 not_found');
    for (const wrong of ['heap', null]) {
      expect(await change(host, wrong)).toBe('422 validation_failed');
      const made = { title: 'x', stageLayout: wrong };
      expect(await api.refusal(host, 'POST', '/sessions', made)).toBe('422 validation_failed');
    }
    const control = async () => {
      const text = await backend.redis.get(controlKey(id));
      return text === null ? null : controlDocument.parse(JSON.parse(text)).stageLayout;
    };
    // While nobody is on stage there is no worker to tell.
    await host.client.sessions.update({ id, stageLayout: 'spotlight' });
    expect(await control()).toBeNull();
    await sfu.open(id);
    await sfu.started(id);
    await waitUntil('the document', async () => (await control()) === 'spotlight', 60_000);
    const viewer = await connect(second);
    await viewer.socket.timeout(60_000).emitWithAck('session:subscribe', { sessionId: id });
    const told = () => viewer.of('session:updated').at(-1)?.session.stageLayout;
    for (const layout of ['grid', 'grid', 'spotlight'] as const) {
      const changed = await host.client.sessions.update({ id, stageLayout: layout });
      expect([changed.stageLayout, await control()]).toEqual([layout, layout]);
      await waitUntil('the news', () => told() === layout, 60_000);
    }
    const clients = [host.client, second.clientOf(host.accessToken)];
    const atOnce = Array.from({ length: 4 }, () => clients).flat();
    await Promise.all(
      atOnce.map((client, at) =>
        client.sessions.update({ id, stageLayout: at % 3 === 0 ? 'grid' : 'spotlight' }),
      ),
    );
    // All looked once more whether it is so; after too many changes at once the sweep does.
    const isTold = async () => (await control()) === (await api.client.sessions.get({ id })).stageLayout;
    await waitUntil('the document of the last one', isTold, 60_000);
    await host.client.sessions.end({ id });
  });
});
