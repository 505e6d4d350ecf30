import { connect as connectTcp, type Socket as Line } from 'node:net';
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
import { TestSocket } from '../testing/TestSocket.ts';
import { socketStream } from './EventStream.ts';
import { rooms } from './rooms.ts';

let backend: TestBackend;
let api: TestApi;
let host: Account;
const sockets: Socket[] = [];

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  host = await api.register();
});
afterAll(async () => {
  for (const socket of sockets) socket.disconnect();
  TestSocket.closeAll();
  await backend?.close();
});

/** A WebSocket of somebody who is let in and reads nothing from then on. */
async function deafLine(to: TestApi, token: string): Promise<Line> {
  const { port } = new URL(to.url);
  const line = connectTcp(Number(port), '127.0.0.1');
  const upgrade = ['Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const key = `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`;
  const path = '/socket.io/?EIO=4&transport=websocket';
  line.write(`GET ${path} HTTP/1.1\r\n${[...upgrade, key].join('\r\n')}\r\n\r\n`);
  let said = '';
  line.on('data', (data: Buffer) => (said += data.toString('latin1')));
  await waitUntil('the greeting', () => said.includes('"sid"'), 60_000);
  const text = Buffer.from(`40${JSON.stringify({ token })}`);
  // One frame of text (RFC 6455 §5.2), masked with zeros.
  line.write(
    Buffer.concat([Buffer.from([0x81, 0x80 | 126, text.length >> 8, text.length & 255, 0, 0, 0, 0]), text]),
  );
  await waitUntil('the welcome', () => said.includes('connection:ready'), 60_000);
  line.pause();
  return line;
}

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
  await waitUntil('the connection', () => socket.connected, 60_000);
  return { socket, updates };
}

const ask = (socket: Socket, event: string, payload?: unknown): Promise<unknown> =>
  socket.timeout(60_000).emitWithAck(event, payload);

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
      await waitUntil('the change', () => updates.some((update) => update.title === 'after'), 60_000);
    }
    await ask(here.socket, 'session:unsubscribe', { sessionId: made.id });
    const heard = here.updates.length;
    await host.client.sessions.end({ id: made.id });
    await waitUntil('the end', () => there.updates.some((update) => update.state === 'ended'), 60_000);
    expect(here.updates).toHaveLength(heard);
  });

  it('hear nothing of other sessions', async () => {
    const [mine, other] = [
      await host.client.sessions.create({ title: 'mine' }),
      await host.client.sessions.create({ title: 'other' }),
    ];
    const { socket, updates } = await connect();
    await ask(socket, 'session:subscribe', { sessionId: mine.id });
    await host.client.sessions.update({ id: other.id, title: 'changed' });
    await host.client.sessions.update({ id: mine.id, title: 'changed' });
    await waitUntil('the change', () => updates.length > 0, 60_000);
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
    await waitUntil('the cut', () => !socket.connected, 60_000);
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
    const places = Array.from({ length: socketLimits.perUser / 50 + 1 }, (_, nth) =>
      connect(nth % 2 === 0 ? api : second, account),
    );
    const connections = await Promise.all(places);
    // Fewer on each connection than one may send, more together than a user may; at once, as limits forget with time.
    const asked = connections.flatMap(({ socket }) =>
      Array.from({ length: 50 }, () => ask(socket, 'session:unsubscribe', { sessionId: account.user.id })),
    );
    const codes = (await Promise.all(asked)).map((answer) => errorBody.safeParse(answer).data?.error.code);
    const taken = codes.filter((code) => code === undefined);
    expect([taken.length, new Set(codes)]).toEqual([
      socketLimits.perUser,
      new Set([undefined, 'rate_limited']),
    ]);
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
    // Too many also when the limit forgets in the middle of them.
    const count = 2 * socketLimits.perSocket + 1;
    const burst = Array.from({ length: count }, () =>
      ask(socket, 'session:unsubscribe', { sessionId: ids[0] }),
    );
    const codes = (await Promise.all(burst)).map((answer) => errorBody.safeParse(answer).data?.error.code);
    expect(codes.filter((code) => code === 'rate_limited').length).toBeGreaterThan(0);
  });

  it.each(['no:such', 'constructor', '__proto__', 'toString', 'x'.repeat(60_000)])(
    'of an unknown name (%#) is answered',
    async (name) => {
      const { socket } = await connect();
      for (const payload of [{}, 'text', undefined]) {
        expect(errorBody.parse(await ask(socket, name, payload)).error.code).toBe('not_found');
      }
      expect(socket.connected).toBe(true);
    },
  );

  it.each([
    ['no:such', 20],
    ['session:unsubscribe', 60],
  ])('in a flood of %s ends the connection', async (name, allowed) => {
    const client = await TestSocket.connect(api.url);
    const send = (count: number): void => {
      for (let sent = 0; sent < count; sent++) client.socket.emit(name, {});
    };
    send(allowed);
    expect(await client.codeOf('session:unsubscribe', {})).toBe('rate_limited');
    send(socketLimits.perSocket * socketLimits.floodFactor * 2);
    await client.untilDisconnected();
    expect(client.of('connection:ended').map(({ error }) => error.code)).toEqual(['rate_limited']);
    // It may come back, and its next messages count anew.
    expect(await (await TestSocket.connect(api.url)).codeOf('no:such')).toBe('not_found');
  });

  it('without an acknowledgement harms nobody', async () => {
    const { socket } = await connect();
    socket.emit('session:subscribe');
    socket.emit('session:subscribe', 1, 2, 3);
    socket.emit('unknown:event', {});
    const answer = await ask(socket, 'session:subscribe', {});
    expect(errorBody.safeParse(answer).success).toBe(true);
  });
});

describe('connections', () => {
  let strict: TestApi;

  beforeAll(async () => {
    const limits = { SOCKETS_PER_USER: '2', GUEST_SOCKETS_PER_ADDRESS: '3' };
    strict = await backend.startApi({ ...limits, TRUST_PROXY: 'loopback' });
  });

  /** How many of these handshakes at once are admitted; the others must be refused with `rate_limited`. */
  async function admitted(handshakes: readonly object[], headers: object = {}): Promise<Socket[]> {
    const tried = handshakes.map(
      (auth) =>
        new Promise<Socket | null>((resolve, reject) => {
          const options = { transports: ['websocket'], forceNew: true, reconnection: false, auth };
          const socket = io(strict.url, { ...options, extraHeaders: { ...headers } });
          sockets.push(socket);
          socket.once('connect', () => resolve(socket));
          socket.once('connect_error', (error: Error & { data?: unknown }) => {
            const code = errorBody.safeParse(error.data).data?.error.code;
            if (code === 'rate_limited') resolve(null);
            else reject(error);
          });
        }),
    );
    return (await Promise.all(tried)).filter((socket) => socket !== null);
  }
  const times = (count: number, auth: object = {}): object[] => Array.from({ length: count }, () => auth);

  it('of a user are limited, also at once, and make room when they end', async () => {
    const [mine, other] = [await api.register(), await api.register()];
    const opened = await admitted(times(6, { token: mine.accessToken }));
    expect(opened).toHaveLength(2);
    expect(await admitted(times(1, { token: mine.accessToken }))).toHaveLength(0);
    expect(await admitted(times(2, { token: other.accessToken }))).toHaveLength(2);
    opened[0]?.disconnect();
    await waitUntil(
      'room',
      async () => (await admitted(times(1, { token: mine.accessToken }))).length === 1,
      60_000,
    );
    expect(await admitted(times(1, { token: mine.accessToken }))).toHaveLength(0);
  });

  it('of guests are limited by their network, behind a proxy, too', async () => {
    const from = (address: string) => ({ 'x-forwarded-for': address });
    expect(await admitted(times(6), from('203.0.113.1'))).toHaveLength(3);
    expect(await admitted(times(4), from('203.0.113.2'))).toHaveLength(3);
    expect(await admitted(times(2), from('2001:db8::1'))).toHaveLength(2);
    expect(await admitted(times(2), from('2001:db8::ffff:1'))).toHaveLength(1);
    const { accessToken: token } = await api.register();
    expect(await admitted([{ token }], from('203.0.113.1'))).toHaveLength(1);
  });

  it('whose client answers pings but does not read are dropped; others are told everything', async () => {
    const small = await backend.startApi({ SOCKET_MAX_WAITING_BYTES: '65536' });
    const account = await api.register();
    const reader = await TestSocket.connect(small.url, { token: account.accessToken });
    const heard: number[] = [];
    reader.socket.on('test:load', ({ at }: { at: number }) => heard.push(at));
    const line = await deafLine(small, account.accessToken);
    const open = async () =>
      Number(
        /^maydan_api_sockets\{?.*?\}? (\d+)$/m.exec(
          await (await fetch(`${small.opsUrl}/metrics`)).text(),
        )?.[1],
      );
    try {
      expect(await open()).toBe(2);
      const entry = JSON.stringify({
        type: 'event',
        rooms: [rooms.user(account.user.id)],
        event: 'test:load',
      });
      let told = 0;
      // Less than may wait, and no more until it was read: who reads is never behind. What the kernel takes for the other comes first.
      const isDropped = async (): Promise<boolean> => {
        const payload = JSON.stringify({ at: told++, text: 'x'.repeat(50_000) });
        await backend.redis.xadd(socketStream, '*', 'e', entry, 'p', payload);
        await waitUntil('who reads', () => heard.length === told, 60_000, 1);
        return told % 20 === 0 && (await open()) === 1;
      };
      await waitUntil('the drop', isDropped, 60_000, 0);
      expect(heard).toEqual(heard.map((_, at) => at));
      expect(reader.socket.connected).toBe(true);
    } finally {
      line.destroy();
      await small.close();
    }
  });

  it('that are refused may not ask without end on one line', async () => {
    const line = new WebSocket(`${strict.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    const heard: string[] = [];
    line.addEventListener('message', ({ data }) => heard.push(String(data)));
    const closed = new Promise((resolve) => line.addEventListener('close', resolve));
    await waitUntil('the line', () => heard.length > 0, 60_000);
    for (let count = 0; count < 30; count++) line.send('40{"token":"nonsense"}');
    await closed;
    const refused = heard.filter((text) => text.startsWith('44'));
    expect(refused.length).toBeLessThanOrEqual(10);
  });
});
