import { SocketClient } from '@maydan/contracts/socketClient';
import { waitUntil } from '@maydan/infra';
import jwt from 'jsonwebtoken';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
/** What one process does is heard at the other. */
let second: TestApi;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  second = await backend.startApi();
}, 240_000);
afterAll(async () => {
  TestSocket.closeAll();
  await backend?.close();
});

/** The account's token with another time of expiry. */
function expiringIn(account: Account, seconds: number): string {
  const claims = jwt.decode(account.accessToken) as Record<string, unknown>;
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  return jwt.sign({ ...claims, exp }, TestBackend.accessTokenSecret);
}

async function refusal(auth: object): Promise<string | undefined> {
  const client = new TestSocket(api.url, auth);
  await waitUntil('the refusal', () => client.refusals.length > 0, 60_000);
  expect(client.socket.connected).toBe(false);
  return client.refusals[0];
}

describe('a connection', () => {
  it('is told whose it is, until when and that it is new', async () => {
    const account = await api.register();
    const mine = await TestSocket.connect(api.url, { token: account.accessToken });
    const { exp } = jwt.decode(account.accessToken) as { exp: number };
    expect(mine.of('connection:ready')).toEqual([
      { userId: account.user.id, expiresAt: new Date(exp * 1_000).toISOString(), recovered: false },
    ]);
    const guest = await TestSocket.connect(api.url);
    expect(guest.of('connection:ready')).toEqual([{ userId: null, expiresAt: null, recovered: false }]);
  });

  it('is refused with a token of a sign-in that ended', async () => {
    const account = await api.register();
    await account.client.auth.logout({ refreshToken: account.refreshToken });
    expect(await refusal({ token: account.accessToken })).toBe('token_invalid');
  });

  it('ends at once at every process with its sign-in, and only then', async () => {
    const account = await api.register();
    const other = await api.client.auth.login({ login: account.user.username, password: account.password });
    const ends = [
      await TestSocket.connect(api.url, { token: account.accessToken }, true),
      await TestSocket.connect(second.url, { token: account.accessToken }, true),
    ];
    const stays = await TestSocket.connect(second.url, { token: other.accessToken });
    await account.client.auth.logout({ refreshToken: account.refreshToken });
    for (const client of ends) {
      await client.untilDisconnected();
      expect(client.of('connection:ended').map(({ error }) => error.code)).toEqual(['token_invalid']);
      // Put out for good: Socket.IO's client doesn't come back by itself.
      expect(client.socket.active).toBe(false);
    }
    expect(await stays.codeOf('session:unsubscribe', { sessionId: account.user.id })).toBeUndefined();
  });

  it('is renewed with nothing but a good token of the same account', async () => {
    const [account, other] = [await api.register(), await api.register()];
    const client = await TestSocket.connect(api.url, { token: account.accessToken });
    const codes: [unknown, string][] = [
      [{ token: 'nonsense' }, 'token_invalid'],
      [{ token: expiringIn(account, -10) }, 'token_expired'],
      [{ token: other.accessToken }, 'forbidden'],
      [{ token: 7 }, 'validation_failed'],
      [{}, 'validation_failed'],
      [undefined, 'validation_failed'],
      ['x'.repeat(20_000), 'payload_too_large'],
    ];
    for (const [payload, code] of codes) expect(await client.codeOf('connection:renew', payload)).toBe(code);
    const guest = await TestSocket.connect(api.url);
    expect(await guest.codeOf('connection:renew', { token: account.accessToken })).toBe('unauthenticated');
  });
});

describe('a token that expires', () => {
  /** Long enough for what is to be done before, also on a machine that stands still in between. */
  const soonSec = 20;

  async function ends(): Promise<void> {
    const account = await api.register();
    const client = await TestSocket.connect(api.url, { token: expiringIn(account, soonSec) });
    await client.until('connection:expiring');
    await client.untilDisconnected();
    expect(client.of('connection:ended').map(({ error }) => error.code)).toEqual(['token_expired']);
  }

  /** Whatever Socket.IO client it is. */
  async function comesBack(): Promise<void> {
    const account = await api.register();
    const session = await account.client.sessions.create({ title: 'title 0' });
    const tokens = [expiringIn(account, soonSec), account.accessToken];
    const client = await TestSocket.connect(api.url, () => ({ token: tokens.shift() }), true);
    await client.ask('session:subscribe', { sessionId: session.id });
    await client.untilDisconnected();
    await account.client.sessions.update({ id: session.id, title: 'title 1' });
    await client.until('connection:ready', 2);
    await account.client.sessions.update({ id: session.id, title: 'title 2' });
    await client.until('session:updated', 2);
    expect(client.of('connection:ready')[1]).toMatchObject({ userId: account.user.id, recovered: true });
    expect(client.of('session:updated').map(({ session: { title } }) => title)).toEqual([
      'title 1',
      'title 2',
    ]);
  }

  async function isOutlived(): Promise<void> {
    const account = await api.register();
    const client = await TestSocket.connect(api.url, { token: expiringIn(account, soonSec) });
    const { exp } = jwt.decode(account.accessToken) as { exp: number };
    for (let round = 0; round < 2; round++) {
      const answer = await client.ask('connection:renew', { token: account.accessToken });
      expect(answer).toEqual({ expiresAt: new Date(exp * 1_000).toISOString() });
    }
    const late = await TestSocket.connect(api.url, { token: expiringIn(account, soonSec + 2) });
    await late.untilDisconnected();
    expect(client.socket.connected).toBe(true);
    expect(client.of('connection:ended')).toEqual([]);
  }

  async function isRenewedByTheTypedClient(): Promise<void> {
    const account = await api.register();
    const tokens = [expiringIn(account, soonSec), account.accessToken];
    const client = new SocketClient({
      baseUrl: api.url,
      accessToken: () => Promise.resolve(tokens.length > 1 ? tokens.shift() : tokens[0]),
    });
    try {
      const ended: string[] = [];
      const connections: boolean[] = [];
      client.watch({ connected: (recovered) => void connections.push(recovered) });
      client.on('connection:ended', ({ error }) => void ended.push(error.code));
      const made = await account.client.sessions.create({ title: 'typed' });
      const titles: string[] = [];
      client.on('session:updated', ({ session }) => void titles.push(session.title));
      expect((await client.ask('session:subscribe', { sessionId: made.id })).session).toEqual(made);
      await account.client.sessions.update({ id: made.id, title: 'changed' });
      await waitUntil('the change', () => titles.includes('changed'), 60_000);
      const sessionId = account.user.id;
      await expect(client.ask('session:subscribe', { sessionId })).rejects.toMatchObject({
        code: 'not_found',
        retry: false,
      });
      const other = await TestSocket.connect(api.url, { token: expiringIn(account, soonSec + 2) });
      await other.untilDisconnected();
      expect(client.connected).toBe(true);
      expect(ended).toEqual([]);
      client.restart();
      await waitUntil('the new connection', () => connections.length === 2, 60_000);
    } finally {
      client.close();
    }
    await expect(client.ask('session:unsubscribe', { sessionId: account.user.id })).rejects.toMatchObject({
      code: 'unavailable',
    });
  }

  // At the same time, as each of them waits for it.
  it('is warned of and ends the connection, which comes back with a newer one and misses nothing, or outlives it', () =>
    Promise.all([ends(), comesBack(), isOutlived(), isRenewedByTheTypedClient()]));
});

describe('a client that comes back', () => {
  /** A client that follows a session and lost its line, and what changes the session's title. */
  async function away(account?: Account) {
    const host = await api.register();
    const session = await host.client.sessions.create({ title: 'title 0' });
    const client = await TestSocket.connect(api.url, () => ({ token: account?.accessToken }));
    await client.ask('session:subscribe', { sessionId: session.id });
    const change = (title: string) => host.client.sessions.update({ id: session.id, title });
    const titles = () => client.of('session:updated').map(({ session: { title } }) => title);
    client.breakLine();
    await client.untilDisconnected();
    /** Where it comes back. */
    const back = async (to: TestApi): Promise<void> => {
      const uri: unknown = Reflect.set(client.socket.io, 'uri', to.url);
      expect(uri).toBe(true);
      client.socket.connect();
      await client.until('connection:ready', 2);
    };
    return { host, session, client, change, titles, back };
  }

  it('is told what it missed at another process, in order and once, and follows on', async () => {
    const { client, change, titles, back } = await away(await api.register());
    for (const title of ['title 1', 'title 2', 'title 3']) await change(title);
    await back(second);
    expect(client.of('connection:ready').map(({ recovered }) => recovered)).toEqual([false, true]);
    expect(titles()).toEqual(['title 1', 'title 2', 'title 3']);
    await change('title 4');
    await waitUntil('the next change', () => titles().length === 4, 60_000);
    client.breakLine();
    await client.untilDisconnected();
    await change('title 5');
    client.socket.connect();
    await client.until('connection:ready', 3);
    await change('title 6');
    await waitUntil('the last change', () => titles().includes('title 6'), 60_000);
    expect(titles()).toEqual(['title 1', 'title 2', 'title 3', 'title 4', 'title 5', 'title 6']);
  });

  it('loses nothing and gets nothing twice while changes go on', async () => {
    const { client, change, titles, back } = await away();
    const wanted = Array.from({ length: 60 }, (_, index) => `title ${index + 1}`);
    const changes = (async () => {
      for (const title of wanted) await change(title);
    })();
    for (let round = 2; round < 6; round++) {
      await back(round % 2 === 0 ? second : api);
      await waitUntil('another change', () => titles().length >= round * 3, 60_000);
      client.breakLine();
      await client.untilDisconnected();
    }
    await back(second);
    await changes;
    await waitUntil('the last change', () => titles().includes('title 60'), 60_000);
    expect(titles()).toEqual(wanted);
  });

  it('is told nothing of what it may not see any more', async () => {
    const account = await api.register();
    const { host, client, change, titles, back } = await away(account);
    await change('title 1');
    await host.client.blocks.create({ id: account.user.id });
    await change('title 2');
    await back(second);
    expect(client.of('connection:ready')[1]).toMatchObject({ recovered: true });
    expect(titles()).toEqual([]);
  });

  it('does not come back as somebody else, nor after its sign-in ended', async () => {
    const [account, other] = [await api.register(), await api.register()];
    const { client, change, titles } = await away(account);
    await change('title 1');
    const late = account.accessToken;
    Object.assign(client.socket, { auth: { token: other.accessToken } });
    client.socket.connect();
    await waitUntil('the refusal', () => client.refusals.length === 1, 60_000);
    expect(client.refusals).toEqual(['unavailable']);
    client.socket.connect();
    await client.until('connection:ready', 2);
    expect(client.of('connection:ready')[1]).toMatchObject({ userId: other.user.id, recovered: false });
    expect(titles()).toEqual([]);
    const mine = await TestSocket.connect(api.url, { token: late });
    mine.breakLine();
    await mine.untilDisconnected();
    await account.client.auth.logout({ refreshToken: account.refreshToken });
    mine.socket.connect();
    await waitUntil('the refusal', () => mine.refusals.length === 1, 60_000);
    expect(mine.refusals).toEqual(['token_invalid']);
  });

  it('begins anew with garbage, with what is not kept any more, and after it left by itself', async () => {
    const attempts: Record<string, unknown>[] = [
      { pid: 'x', offset: '1-1' },
      { pid: 'x'.repeat(500), offset: '1-1' },
      { pid: 'x', offset: 'nonsense' },
      { pid: 'x', offset: '(1-1' },
      { pid: 7, offset: {} },
    ];
    for (const auth of attempts) {
      const client = await TestSocket.connect(api.url, auth);
      expect(client.of('connection:ready')).toMatchObject([{ recovered: false }]);
    }
    const client = await TestSocket.connect(api.url);
    client.breakLine();
    await client.untilDisconnected();
    await backend.redis.xtrim('maydan:api:sockets', 'MAXLEN', 0);
    client.socket.connect();
    await client.until('connection:ready', 2);
    const key = `maydan:api:connection:${String(Reflect.get(client.socket, '_pid'))}`;
    // It is written down once the client was told that it begins.
    await waitUntil('it to be remembered', async () => (await backend.redis.exists(key)) === 1, 60_000);
    client.socket.disconnect();
    await waitUntil('the end', async () => (await backend.redis.exists(key)) === 0, 60_000);
    client.socket.connect();
    await client.until('connection:ready', 3);
    expect(client.of('connection:ready').map(({ recovered }) => recovered)).toEqual([false, false, false]);
  });
});
