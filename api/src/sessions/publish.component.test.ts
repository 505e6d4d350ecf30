import { randomUUID } from 'node:crypto';
import { mintInternalToken, mintRelayToken } from '@maydan/common';
import {
  controlDocument,
  controlKey,
  errorBody,
  ingestCommand,
  ingestCommandChannel,
  sfuRemovalsKey,
} from '@maydan/contracts';
import { Listener } from '../testing/Listener.ts';
import type { Answer, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { controlDocumentOf } from './controlDocument.ts';

let backend: TestBackend;
let api: TestApi;
let commands: Listener<typeof ingestCommand>;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  commands = await Listener.on(backend.redis, ingestCommandChannel, ingestCommand);
});
afterAll(async () => {
  commands?.close();
  await backend?.close();
});

function refusal({ status, body }: Answer): string {
  return `${status} ${errorBody.parse(body).error.code}`;
}

describe('stream keys', () => {
  it('show their secret once and store only its hash', async () => {
    const account = await api.register();
    const created = await account.client.streamKeys.create({ label: 'OBS' });
    expect(created.key).toMatch(/^mk_[A-Za-z0-9]{32,}$/);
    expect(created).toMatchObject({ label: 'OBS', rtmpUrl: 'rtmp://127.0.0.1:1935/live', rtmpsUrl: null });
    const { items } = await account.client.streamKeys.list();
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ id: created.id, hint: created.key.slice(3, 7), revokedAt: null });
    const stored = await backend.database.streamKey.findMany({ where: { userId: account.user.id } });
    expect(JSON.stringify([items, stored])).not.toContain(created.key);
  });

  it('belong to their owner', async () => {
    const [owner, stranger] = [await api.register(), await api.register()];
    const { id } = await api.createKey(owner);
    const token = stranger.accessToken;
    const rotate = await api.ask('POST', `/api/v1/stream-keys/${id}/rotate`, { token });
    const revoke = await api.ask('DELETE', `/api/v1/stream-keys/${id}`, { token });
    expect([refusal(rotate), refusal(revoke)]).toEqual(['404 not_found', '404 not_found']);
    expect((await stranger.client.streamKeys.list()).items).toEqual([]);
    expect((await owner.client.streamKeys.list()).items[0]?.revokedAt).toBeNull();
  });

  it('replace their secret by rotation and drop who publishes with the old one', async () => {
    const account = await api.register();
    const old = await api.createKey(account);
    const { sessionId, epoch } = await api.publish(old.key);
    const next = await account.client.streamKeys.rotate({ id: old.id });
    expect(next.id).toBe(old.id);
    expect(next.key).not.toBe(old.key);
    await commands.until((command) => command.sessionId === sessionId && command.reason === 'revoked');
    expect(commands.heard).toContainEqual({ type: 'drop', sessionId, epoch, reason: 'revoked' });
    expect(refusal(await api.askToPublish(old.key))).toBe('403 stream_key_refused');
    expect((await api.publish(next.key)).epoch).toBe(epoch + 1);
  });

  it('are refused once revoked, and a running publish is dropped', async () => {
    const account = await api.register();
    const { id, key } = await api.createKey(account);
    const { sessionId, epoch } = await api.publish(key);
    await account.client.streamKeys.revoke({ id });
    await commands.until((command) => command.sessionId === sessionId && command.reason === 'revoked');
    expect(commands.heard).toContainEqual({ type: 'drop', sessionId, epoch, reason: 'revoked' });
    expect(refusal(await api.askToPublish(key))).toBe('403 stream_key_refused');
    await account.client.streamKeys.revoke({ id });
    const rotate = await api.ask('POST', `/api/v1/stream-keys/${id}/rotate`, { token: account.accessToken });
    expect(refusal(rotate)).toBe('409 conflict');
    expect((await account.client.streamKeys.list()).items[0]?.revokedAt).not.toBeNull();
  });

  it('are bounded in number', async () => {
    const account = await api.register();
    for (let count = 0; count < 20; count++) await api.createKey(account);
    const more = await api.ask('POST', '/api/v1/stream-keys', { token: account.accessToken, body: {} });
    expect(refusal(more)).toBe('409 conflict');
  });
});

describe('the question of ingest', () => {
  it('is answered to bearers of an internal token alone', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    const body = { app: 'live', streamKey: key, connectionId: 'c', remoteAddress: '203.0.113.5' };
    const ask = (token?: string) =>
      api.ask('POST', '/internal/ingest/authorize', { body, ...(token === undefined ? {} : { token }) });
    const secret = TestBackend.internalSecret;
    expect(refusal(await ask())).toBe('401 unauthenticated');
    expect(refusal(await ask(account.accessToken))).toBe('401 token_invalid');
    expect(refusal(await ask(mintInternalToken('x'.repeat(40), 'ingest')))).toBe('401 token_invalid');
    expect(refusal(await ask(mintRelayToken(secret, '/internal/ingest/authorize')))).toBe(
      '401 token_invalid',
    );
    expect(refusal(await ask(mintInternalToken(secret, 'sfu')))).toBe('403 forbidden');
    expect(await backend.database.session.count({ where: { hostId: account.user.id } })).toBe(0);
  });

  it('refuses unknown keys, unknown applications, banned hosts and nonsense', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    expect(refusal(await api.askToPublish('mk_' + 'x'.repeat(40)))).toBe('403 stream_key_refused');
    expect(refusal(await api.askToPublish(''))).toBe('403 stream_key_refused');
    expect(refusal(await api.askToPublish(key, { app: 'other' }))).toBe('403 stream_key_refused');
    expect(refusal(await api.askToPublish(key, { connectionId: 7 }))).toBe('422 validation_failed');
    await backend.database.user.update({ where: { id: account.user.id }, data: { bannedAt: new Date() } });
    expect(refusal(await api.askToPublish(key))).toBe('403 account_banned');
    expect(await backend.database.session.count({ where: { hostId: account.user.id } })).toBe(0);
  });

  it('holds no longer for who is banned before anything is sent, by RTMP and WHIP', async () => {
    const [account, moderator] = [await api.register(), await api.register()];
    await backend.giveRole(moderator, 'moderator');
    const { key } = await api.createKey(account);
    const { sessionId, epoch } = await api.publish(key);
    const { id: whip } = await account.client.sessions.create({ title: 'by WHIP' });
    const { id: prepared } = await account.client.sessions.create({ title: 'for another day' });
    await backend.database.session.update({ where: { id: whip }, data: { whipPeerId: randomUUID() } });
    await moderator.client.platformModeration.ban({ id: account.user.id, reason: 'spam' });
    await commands.until((command) => command.sessionId === sessionId && command.reason === 'ended');
    expect(commands.heard).toContainEqual({ type: 'drop', sessionId, epoch, reason: 'ended' });
    const { database, redis } = backend;
    const ended = { state: 'ended', endReason: 'moderatorEnded' };
    for (const id of [sessionId, whip]) {
      expect(await database.session.findUnique({ where: { id } })).toMatchObject(ended);
      const removal = JSON.stringify({ type: 'closeRoom', sessionId: id, reason: 'sessionEnded' });
      expect(await redis.zscore(sfuRemovalsKey, removal)).not.toBeNull();
    }
    expect((await database.session.findUnique({ where: { id: prepared } }))?.state).toBe('idle');
  });

  it('stops an address that guesses keys, also all at once, and no other address', async () => {
    const strict = await backend.startApi({ STREAM_KEY_FAILURES_PER_ADDRESS: '4' });
    const { key } = await strict.createKey(await strict.register());
    const from = (streamKey: string, remoteAddress: string) =>
      strict.askToPublish(streamKey, { remoteAddress });
    for (let count = 0; count < 10; count++) {
      expect((await from(key, '198.51.100.7')).status).toBe(200);
    }
    const guesses = await Promise.all(
      Array.from({ length: 10 }, (_, index) => from(`mk_guess${index}`, '198.51.100.7')),
    );
    expect(guesses.filter(({ status }) => status === 403)).toHaveLength(4);
    expect(guesses.filter(({ status }) => status === 429)).toHaveLength(6);
    expect(refusal(await from(key, '198.51.100.7'))).toBe('429 rate_limited');
    expect((await from(key, '198.51.100.8')).status).toBe(200);
  });

  it('makes a session for a host who prepared none', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    const { sessionId, playbackId, epoch } = await api.publish(key);
    expect(epoch).toBe(1);
    expect(playbackId).not.toContain(key.slice(3, 10));
    const session = await account.client.sessions.get({ id: sessionId });
    expect(session).toMatchObject({ state: 'idle', title: `${account.user.displayName}'s stream` });
    const text = (await backend.redis.get(controlKey(sessionId))) ?? '';
    expect(controlDocument.parse(JSON.parse(text))).toMatchObject({ desired: 'run', epoch: 1, source: null });
  });

  it('says by a revision which control document is the newest, whatever the clocks of the api processes say', async () => {
    const { key } = await api.createKey(await api.register());
    const { sessionId: id } = await api.publish(key);
    const { database } = backend;
    // As a process wrote it whose clock is an hour ahead.
    const updatedAt = new Date(Date.now() + 3_600_000);
    const ahead = controlDocumentOf(await database.session.update({ where: { id }, data: { updatedAt } }));
    await api.publish(key);
    const text = (await backend.redis.get(controlKey(id))) ?? '';
    const newest = controlDocument.parse(JSON.parse(text));
    expect(Date.parse(newest.updatedAt)).toBeLessThan(Date.parse(ahead.updatedAt));
    expect(newest.revision).toBeGreaterThan(ahead.revision);
    expect(newest.epoch).toBe(ahead.epoch + 1);
  });

  it('lets no control document of an older row take the place of a newer one', async () => {
    const { key } = await api.createKey(await api.register());
    const { sessionId: id } = await api.publish(key);
    const { redis } = backend;
    const stored = async () => (await redis.get(controlKey(id))) ?? '';
    const { revision } = controlDocument.parse(JSON.parse(await stored()));
    // As of a process that changed the session later, and was faster.
    const faster = JSON.stringify({ desired: 'run', revision: revision + 1_000 });
    await redis.set(controlKey(id), faster);
    await api.publish(key);
    expect(await stored()).toBe(faster);
    for (const there of ['nonsense', '7', '{"revision":null}', JSON.stringify({ revision })]) {
      await redis.set(controlKey(id), there);
      const { epoch } = await api.publish(key);
      expect(controlDocument.parse(JSON.parse(await stored())).epoch).toBe(epoch);
    }
  });

  it('takes the prepared session that is due first, and none of another day', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    await account.client.sessions.create({ title: 'next week', scheduledStartAt: inHours(170) });
    await account.client.sessions.create({ title: 'tonight', scheduledStartAt: inHours(5) });
    const soon = await account.client.sessions.create({ title: 'soon', scheduledStartAt: inHours(1) });
    expect((await api.publish(key)).sessionId).toBe(soon.id);
  });

  it('lets the newest connection take over: one session, rising epochs, the older one dropped', async () => {
    const { key } = await api.createKey(await api.register());
    const answers = await Promise.all([api.publish(key), api.publish(key), api.publish(key)]);
    expect(new Set(answers.map((answer) => answer.sessionId)).size).toBe(1);
    expect(answers.map((answer) => answer.epoch).sort()).toEqual([1, 2, 3]);
    const { sessionId } = await api.publish(key);
    await commands.until((command) => command.sessionId === sessionId && command.epoch === 3);
    const dropped = commands.heard.filter((command) => command.sessionId === sessionId);
    expect(new Set(dropped.map((command) => command.epoch))).toEqual(new Set([1, 2, 3]));
    expect(new Set(dropped.map((command) => command.reason))).toEqual(new Set(['takenOver']));
  });

  it('leaves requests and decisions in the log, and no secret', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    const { sessionId } = await api.publish(key);
    await api.askToPublish('mk_wrongwrongwrongwrong');
    await api.ask('POST', '/api/v1/auth/login', { body: { login: 'nobody', password: 'hush-hush' } });
    const headers = { 'x-request-id': 'told-1' };
    await api.ask('GET', '/api/v1/auth/me', { token: account.accessToken, headers });
    const lines = backend.log.split('\n').filter((line) => line.includes('told-1'));
    expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({
        requestId: 'told-1',
        req: expect.objectContaining({ method: 'GET', path: '/api/v1/auth/me' }),
        res: { status: 200 },
      }),
    );
    expect(backend.log).toContain(sessionId);
    const secrets = [
      key,
      'mk_wrong',
      account.password,
      account.accessToken,
      account.refreshToken,
      'hush-hush',
    ];
    for (const secret of secrets) expect(backend.log).not.toContain(secret);
  });

  it('makes a new session when the last one is ending', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    const first = await api.publish(key);
    await account.client.sessions.end({ id: first.sessionId });
    const second = await api.publish(key);
    expect(second.sessionId).not.toBe(first.sessionId);
    expect(second.epoch).toBe(1);
  });
});
