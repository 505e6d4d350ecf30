import { jest } from '@jest/globals';
import {
  errorBody,
  maxPacketBytes,
  serverEvents,
  socketLimits,
  session as sessionSchema,
  type Session,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { io, type Socket } from 'socket.io-client';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

// Other work may keep the machine busy.
jest.setTimeout(60_000);

let backend: TestBackend;
let api: TestApi;
let host: Account;
const sockets: Socket[] = [];

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  host = await api.register();
}, 120_000);
afterAll(async () => {
  for (const socket of sockets) socket.disconnect();
  await backend?.close();
}, 30_000);

/** A connected client and what it was told. */
async function connect(
  to: TestApi = api,
  account?: Account,
): Promise<{ socket: Socket; updates: Session[] }> {
  const socket = io(to.url, {
    transports: ['websocket'],
    forceNew: true,
    auth: { token: account?.accessToken },
  });
  sockets.push(socket);
  const updates: Session[] = [];
  socket.on('session:updated', (payload: unknown) => {
    updates.push(serverEvents['session:updated'].parse(payload).session);
  });
  await waitUntil('the connection', () => socket.connected, 20_000);
  return { socket, updates };
}

const ask = (socket: Socket, event: string, payload?: unknown): Promise<unknown> =>
  socket.timeout(20_000).emitWithAck(event, payload);

describe('subscribers of a session', () => {
  it('get the session, and each change, from every api process', async () => {
    const second = await backend.startApi();
    const made = await host.client.sessions.create({ title: 'before' });
    const [here, there] = [await connect(), await connect(second)];
    for (const { socket } of [here, there]) {
      const answer = (await ask(socket, 'session:subscribe', { sessionId: made.id })) as { session: unknown };
      expect(sessionSchema.parse(answer.session)).toEqual(made);
    }
    await host.client.sessions.update({ id: made.id, title: 'after' });
    for (const { updates } of [here, there]) {
      await waitUntil('the change', () => updates.some((update) => update.title === 'after'), 20_000);
    }
    await ask(here.socket, 'session:unsubscribe', { sessionId: made.id });
    const heard = here.updates.length;
    await host.client.sessions.end({ id: made.id });
    await waitUntil('the end', () => there.updates.some((update) => update.state === 'ended'), 20_000);
    expect(here.updates).toHaveLength(heard);
  }, 60_000);

  it('hear nothing of other sessions', async () => {
    const [mine, other] = [
      await host.client.sessions.create({ title: 'mine' }),
      await host.client.sessions.create({ title: 'other' }),
    ];
    const { socket, updates } = await connect();
    await ask(socket, 'session:subscribe', { sessionId: mine.id });
    await host.client.sessions.update({ id: other.id, title: 'changed' });
    await host.client.sessions.update({ id: mine.id, title: 'changed' });
    await waitUntil('the change', () => updates.length > 0, 20_000);
    expect(updates.map((update) => update.id)).toEqual([mine.id]);
  });
});

describe('garbage on a socket', () => {
  it.each([undefined, null, 7, 'text', {}, { sessionId: 'x' }, { sessionId: { a: 1 } }])(
    'is answered with the error body: %j',
    async (payload) => {
      const { socket } = await connect();
      const answer = errorBody.parse(await ask(socket, 'session:subscribe', payload));
      expect(answer.error.code).toBe('validation_failed');
      expect(socket.connected).toBe(true);
    },
  );

  it('is refused when it is too large, and cut when it is far too large', async () => {
    const { socket } = await connect();
    const large = { sessionId: 'x'.repeat(20_000) };
    const answer = errorBody.parse(await ask(socket, 'session:subscribe', large));
    expect(answer.error.code).toBe('payload_too_large');
    socket.emit('session:subscribe', { sessionId: 'x'.repeat(maxPacketBytes + 1) });
    await waitUntil('the cut', () => !socket.connected, 20_000);
  });

  it('is handled in its order, and too much of it at once is refused', async () => {
    const { socket } = await connect();
    const { id } = await host.client.sessions.create({ title: 'order' });
    const order: string[] = [];
    const events = ['session:subscribe', 'session:unsubscribe', 'session:subscribe', 'session:unsubscribe'];
    const asked = events.map(async (event) => {
      const answer = await ask(socket, event, { sessionId: id });
      order.push(errorBody.safeParse(answer).success ? 'refused' : event);
    });
    await Promise.all(asked);
    expect(order).toEqual(events);
  });

  it('of a user counts over all their connections, at every process', async () => {
    const account = await api.register();
    const second = await backend.startApi();
    const codes: (string | undefined)[] = [];
    // Fewer on each connection than one may send, more together than a user may.
    for (let count = 0; count < socketLimits.perUser + 10; count += 50) {
      const { socket } = await connect(count % 100 === 0 ? api : second, account);
      for (let sent = 0; sent < 50; sent++) {
        const answer = await ask(socket, 'session:unsubscribe', { sessionId: account.user.id });
        codes.push(errorBody.safeParse(answer).data?.error.code);
      }
    }
    expect(codes.slice(0, 50)).toEqual(Array.from({ length: 50 }, () => undefined));
    expect(codes.at(-1)).toBe('rate_limited');
  });

  it('does not find sessions that are not there', async () => {
    const { socket } = await connect();
    const sessionId = '0192f0c1-0000-7000-8000-000000000001';
    const answer = errorBody.parse(await ask(socket, 'session:subscribe', { sessionId }));
    expect(answer.error.code).toBe('not_found');
  });

  it('is bounded in rooms and in rate', async () => {
    const { socket } = await connect();
    const ids: string[] = [];
    for (let count = 0; count < 21; count++) {
      ids.push((await host.client.sessions.create({ title: `room ${count}` })).id);
    }
    const answers: unknown[] = [];
    for (const sessionId of ids) answers.push(await ask(socket, 'session:subscribe', { sessionId }));
    expect(answers.slice(0, 20).every((answer) => !errorBody.safeParse(answer).success)).toBe(true);
    expect(errorBody.parse(answers[20]).error.code).toBe('conflict');
    const burst = Array.from({ length: 80 }, () => ask(socket, 'session:unsubscribe', { sessionId: ids[0] }));
    const codes = (await Promise.all(burst)).map((answer) => errorBody.safeParse(answer).data?.error.code);
    expect(codes.filter((code) => code === 'rate_limited').length).toBeGreaterThan(0);
  }, 60_000);

  it('without an acknowledgement harms nobody', async () => {
    const { socket } = await connect();
    socket.emit('session:subscribe');
    socket.emit('session:subscribe', 1, 2, 3);
    socket.emit('unknown:event', {});
    const answer = await ask(socket, 'session:subscribe', {});
    expect(errorBody.safeParse(answer).success).toBe(true);
  });
});
