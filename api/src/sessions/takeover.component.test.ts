import { mintInternalToken } from '@maydan/common';
import { ingestCommand, ingestCommandChannel, sfuCommand, sfuCommandChannel } from '@maydan/contracts';
import { Listener } from '../testing/Listener.ts';
import { refusalOf, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let drops: Listener<typeof ingestCommand>;
let removals: Listener<typeof sfuCommand>;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  drops = await Listener.on(backend.redis, ingestCommandChannel, ingestCommand);
  removals = await Listener.on(backend.redis, sfuCommandChannel, sfuCommand);
});
afterAll(async () => {
  drops?.close();
  removals?.close();
  await backend?.close();
});

const nobody = '0192f0c1-0000-7000-8000-000000000001';
const removed = (sessionId: string, peerId: string, reason: string) => ({
  type: 'removePeer',
  sessionId,
  whom: { peerId },
  reason,
});

describe('the question of the sfu about WHIP', () => {
  it('is answered with the owner’s session, and raises no epoch', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    const made = await account.client.sessions.create({ title: 'prepared', type: 'audio' });
    const answer = await api.whip(key);
    expect(answer).toEqual({
      sessionId: made.id,
      playbackId: made.playback.playbackId,
      sessionType: 'audio',
      peerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      userId: account.user.id,
      displayName: account.user.displayName,
    });
    const row = await backend.database.session.findUniqueOrThrow({ where: { id: made.id } });
    expect(row).toMatchObject({ epoch: 0, state: 'idle', whipPeerId: answer.peerId });
  });

  it('makes a session for a host who prepared none', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    const { sessionId } = await api.whip(key);
    expect((await account.client.sessions.get({ id: sessionId })).host.id).toBe(account.user.id);
  });

  it('and of RTMP are about the session whose stage is in use already', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    await account.client.sessions.create({ title: 'prepared first' });
    const { id } = await account.client.sessions.create({ title: 'in use' });
    const node = { sessionId: id, nodeId: 'n', isOn: true, at: new Date() };
    await backend.database.stageNode.create({ data: node });
    expect((await api.publish(key)).sessionId).toBe(id);
    expect((await api.whip(key)).sessionId).toBe(id);
  });

  it('is refused like a publish by RTMP', async () => {
    const account = await api.register();
    const { key } = await api.createKey(account);
    expect(refusalOf(await api.askToWhip('mk_' + 'x'.repeat(40)))).toBe('403 stream_key_refused');
    expect(refusalOf(await api.askToWhip(''))).toBe('403 stream_key_refused');
    expect(refusalOf(await api.askToWhip(key, { remoteAddress: 7 }))).toBe('422 validation_failed');
    const body = { streamKey: key, connectionId: 'w', remoteAddress: '203.0.113.6' };
    const ask = (service: string) =>
      api.ask('POST', '/internal/whip/authorize', {
        body,
        token: mintInternalToken(TestBackend.internalSecret, service),
      });
    expect(refusalOf(await ask('ingest'))).toBe('403 forbidden');
    expect(refusalOf(await api.ask('POST', '/internal/whip/authorize', { body }))).toBe(
      '401 unauthenticated',
    );
    await backend.database.user.update({ where: { id: account.user.id }, data: { bannedAt: new Date() } });
    expect(refusalOf(await api.askToWhip(key))).toBe('403 account_banned');
    expect(await backend.database.session.count({ where: { hostId: account.user.id } })).toBe(0);
  });

  it('shares the limit of guesses with RTMP', async () => {
    const strict = await backend.startApi({ STREAM_KEY_FAILURES_PER_ADDRESS: '4' });
    const { key } = await strict.createKey(await strict.register());
    const remoteAddress = '198.51.100.9';
    for (let count = 0; count < 8; count++) {
      expect((await strict.askToWhip(key, { remoteAddress })).status).toBe(200);
    }
    for (let count = 0; count < 2; count++) {
      await strict.askToWhip(`mk_guess${count}`, { remoteAddress });
      await strict.askToPublish(`mk_guess${count}`, { remoteAddress });
    }
    expect(refusalOf(await strict.askToWhip(key, { remoteAddress }))).toBe('429 rate_limited');
    expect((await strict.askToWhip(key, { remoteAddress: '198.51.100.10' })).status).toBe(200);
  });

  it('drops an older WHIP publish and an RTMP publish of the session', async () => {
    const { key } = await api.createKey(await api.register());
    const rtmp = await api.publish(key);
    const first = await api.whip(key);
    expect(first.sessionId).toBe(rtmp.sessionId);
    await drops.until((drop) => drop.sessionId === rtmp.sessionId && drop.epoch === rtmp.epoch);
    const second = await api.whip(key);
    expect(second.peerId).not.toBe(first.peerId);
    await removals.until((command) => 'sessionId' in command && command.sessionId === first.sessionId);
    expect(removals.heard).toContainEqual(removed(first.sessionId, first.peerId, 'takenOver'));
    expect(removals.heard).not.toContainEqual(removed(first.sessionId, second.peerId, 'takenOver'));
  });

  it('is taken over by RTMP', async () => {
    const { key } = await api.createKey(await api.register());
    const { sessionId, peerId } = await api.whip(key);
    const before = drops.heard.length;
    const rtmp = await api.publish(key);
    expect([rtmp.sessionId, rtmp.epoch]).toEqual([sessionId, 1]);
    await removals.until((command) => 'sessionId' in command && command.sessionId === sessionId);
    expect(removals.heard).toContainEqual(removed(sessionId, peerId, 'takenOver'));
    expect(drops.heard.slice(before).filter((drop) => drop.sessionId === sessionId)).toEqual([]);
  });

  it('has one winner when many come at once', async () => {
    const { key } = await api.createKey(await api.register());
    const answers = await Promise.all([api.whip(key), api.whip(key), api.whip(key), api.whip(key)]);
    const { sessionId } = await api.whip(key);
    expect(new Set(answers.map((answer) => answer.sessionId))).toEqual(new Set([sessionId]));
    const peers = answers.map((answer) => answer.peerId);
    for (const peerId of peers) {
      await removals.until(
        (command) =>
          command.type === 'removePeer' && 'peerId' in command.whom && command.whom.peerId === peerId,
      );
    }
  });

  it('finds nothing to publish with once the key is revoked, and its publish is put out', async () => {
    const account = await api.register();
    const { id, key } = await api.createKey(account);
    const { sessionId, peerId } = await api.whip(key);
    await account.client.streamKeys.revoke({ id });
    await removals.until((command) => 'sessionId' in command && command.sessionId === sessionId);
    expect(removals.heard).toContainEqual(removed(sessionId, peerId, 'removed'));
    expect(refusalOf(await api.askToWhip(key))).toBe('403 stream_key_refused');
  });

  it('says where WHIP is when a key is made', async () => {
    const account = await api.register();
    const { id, whipUrl } = await account.client.streamKeys.create({});
    expect(whipUrl).toBe('http://127.0.0.1:8082/whip');
    expect((await account.client.streamKeys.rotate({ id })).whipUrl).toBe(whipUrl);
  });
});

describe('the question of a worker that composes a stage', () => {
  it('raises the epoch and drops nobody', async () => {
    const { key } = await api.createKey(await api.register());
    const { sessionId, playbackId } = await api.publish(key);
    const before = drops.heard.length;
    const { body } = await api.askToCompose(sessionId);
    expect(body).toEqual({ sessionId, playbackId, epoch: 2 });
    const epochs = await Promise.all([
      api.compose(sessionId),
      api.compose(sessionId),
      api.compose(sessionId),
    ]);
    expect(epochs.sort()).toEqual([3, 4, 5]);
    expect((await api.publish(key)).epoch).toBe(6);
    await drops.until((drop) => drop.sessionId === sessionId && drop.epoch === 5);
    expect(drops.heard.slice(before).filter((drop) => drop.sessionId === sessionId)).toHaveLength(1);
  });

  it('is refused without a session, once it is over, to others and with nonsense', async () => {
    const account = await api.register();
    const { id } = await account.client.sessions.create({ title: 'short' });
    expect(refusalOf(await api.askToCompose(nobody))).toBe('404 not_found');
    expect(refusalOf(await api.askToCompose('nonsense'))).toBe('422 validation_failed');
    await account.client.sessions.end({ id });
    expect(refusalOf(await api.askToCompose(id))).toBe('409 wrong_state');
    const token = mintInternalToken(TestBackend.internalSecret, 'sfu');
    const other = await api.ask('POST', '/internal/stage/authorize', {
      token,
      body: { sessionId: id, connectionId: 'c' },
    });
    expect(refusalOf(other)).toBe('403 forbidden');
  });
});
