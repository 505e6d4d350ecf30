import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { startSilentServer, waitUntil } from '@maydan/infra';
import { mintJoinToken, verifyJoinToken } from '@maydan/common';
import { deviceHeader, sfuNodeKey, stageJoinOutput, type StageJoin } from '@maydan/contracts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import { refusalOf, type Account, type AskOptions, type TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let sfu: SfuVoice;
/** Takes connections, where nodes are. */
let listener: Server;
let internalUrl: string;
let host: Account;
let viewer: Account;
let sessionId: string;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  internalUrl = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  sfu = await SfuVoice.start(backend.redis, { internalUrl });
  [host, viewer] = [await api.register(), await api.register()];
  sessionId = (await host.client.sessions.create({ title: 'room', type: 'audio' })).id;
});
afterAll(async () => {
  await sfu?.close();
  await backend?.close();
  listener?.close();
});

const claimsOf = ({ token }: StageJoin) => verifyJoinToken(TestBackend.internalSecret, token);
const ask = (body: object, options: AskOptions = {}, id = sessionId) =>
  api.ask('POST', `/api/v1/sessions/${id}/join`, { body, ...options });

describe('joining', () => {
  it('lets anybody watch, with or without an account', async () => {
    const anonymous = await api.client.stage.join({ id: sessionId });
    expect(anonymous).toMatchObject({
      role: 'viewer',
      nodeId: sfu.nodeId,
      signalingUrl: 'http://127.0.0.1:8082',
      whepUrl: `http://127.0.0.1:8082/whep/${sessionId}`,
    });
    const { peerId } = anonymous;
    const room = { sessionId, sessionType: 'audio' };
    expect(claimsOf(anonymous)).toMatchObject({ ...room, peerId, role: 'viewer', userId: null });
    const lifetimeMs = Date.parse(anonymous.expiresAt) - Date.now();
    expect(lifetimeMs).toBeGreaterThan(590_000);
    expect(lifetimeMs).toBeLessThanOrEqual(600_000);
    const known = await viewer.client.stage.join({ id: sessionId });
    const { id: userId, displayName } = viewer.user;
    expect(claimsOf(known)).toMatchObject({ ...room, role: 'viewer', userId, displayName });
  });

  it('gives a peer id again to its holder alone', async () => {
    const first = await viewer.client.stage.join({ id: sessionId });
    const again = await viewer.client.stage.join({ id: sessionId, peerId: first.peerId });
    expect(again.peerId).toBe(first.peerId);
    const other = await host.client.sessions.create({ title: 'another room' });
    const anonymous = await api.client.stage.join({ id: sessionId });
    const given = [
      await host.client.stage.join({ id: sessionId, peerId: first.peerId }),
      await api.client.stage.join({ id: sessionId, peerId: first.peerId }),
      await viewer.client.stage.join({ id: other.id, peerId: first.peerId }),
      await host.client.stage.join({ id: sessionId, role: 'host', peerId: anonymous.peerId }),
      await viewer.client.stage.join({ id: sessionId, peerId: randomUUID() }),
    ];
    for (const { peerId } of given) expect([first.peerId, anonymous.peerId]).not.toContain(peerId);
    expect((await api.client.stage.join({ id: sessionId, peerId: anonymous.peerId })).peerId).toBe(
      anonymous.peerId,
    );
  });

  it('says as whom a viewer is counted by their connection, unless their player sends heartbeats', async () => {
    const viewerOf = async (
      account: Account | null,
      input: object = {},
      device?: string,
      agent = 'player',
    ) => {
      const shown: Record<string, string> = device === undefined ? {} : { [deviceHeader]: device };
      const headers = { ...shown, 'user-agent': agent };
      const token = account?.accessToken;
      const answer = await ask(input, { ...(token === undefined ? {} : { token }), headers });
      return claimsOf(stageJoinOutput.parse(answer.body));
    };
    const page = await api.client.viewing.start({ id: sessionId });
    const counted = (await viewerOf(null, {}, page.deviceToken)).viewer;
    expect(page.viewingToken.split('.')[1]).toBe(counted);
    const hers = await viewer.client.viewing.start({ id: sessionId });
    expect((await viewerOf(viewer)).viewer).toBe(hers.viewingToken.split('.')[1]);
    // Without a device who comes again by the same program is nobody else, whatever connections they had.
    const guest = await viewerOf(null, {}, 'made.up');
    const again = [
      await viewerOf(null),
      await viewerOf(null),
      await viewerOf(null, { peerId: guest.peerId }),
    ];
    expect(new Set(again.map(({ viewer }) => viewer))).toEqual(new Set([guest.viewer]));
    expect(new Set([guest, ...again].map(({ peerId }) => peerId)).size).toBe(3);
    expect((await viewerOf(null, {}, undefined, 'another')).viewer).not.toBe(guest.viewer);
    expect(guest.viewer).not.toBe(counted);
    expect((await viewerOf(viewer, { heartbeats: true })).viewer).toBeUndefined();
    expect((await viewerOf(host, { role: 'host' })).viewer).toBeUndefined();
    expect(refusalOf(await ask({ heartbeats: 'yes' }))).toBe('422 validation_failed');
  });

  it('as host is the host’s alone', async () => {
    expect(claimsOf(await host.client.stage.join({ id: sessionId, role: 'host' })).role).toBe('host');
    const token = viewer.accessToken;
    expect(refusalOf(await ask({ role: 'host' }, { token }))).toBe('403 forbidden');
    expect(refusalOf(await ask({ role: 'host' }))).toBe('401 unauthenticated');
  });

  it('as co-host needs a seat', async () => {
    const cohost = await api.register();
    const token = cohost.accessToken;
    expect(refusalOf(await ask({ role: 'cohost' }, { token }))).toBe('403 forbidden');
    expect(refusalOf(await ask({ role: 'cohost' }))).toBe('401 unauthenticated');
    await cohost.client.stage.request({ id: sessionId });
    expect(refusalOf(await ask({ role: 'cohost' }, { token }))).toBe('403 forbidden');
    await host.client.stage.admit({ id: sessionId, userId: cohost.user.id });
    const joined = await cohost.client.stage.join({ id: sessionId, role: 'cohost' });
    expect(claimsOf(joined)).toMatchObject({ role: 'cohost', userId: cohost.user.id });
    await cohost.client.stage.leave({ id: sessionId });
    expect(refusalOf(await ask({ role: 'cohost' }, { token }))).toBe('403 forbidden');
  });

  it('refuses nonsense, roles of services, sessions that are not there or over', async () => {
    for (const body of [{ role: 'egress' }, { role: 'ingress' }, { role: 7 }, { peerId: 'x' }]) {
      expect(refusalOf(await ask(body))).toBe('422 validation_failed');
    }
    expect(refusalOf(await ask({}, {}, randomUUID()))).toBe('404 not_found');
    expect(refusalOf(await ask({}, {}, 'nonsense'))).toBe('422 validation_failed');
    const over = await host.client.sessions.create({ title: 'over' });
    await host.client.sessions.end({ id: over.id });
    expect(refusalOf(await ask({}, {}, over.id))).toBe('409 wrong_state');
    const stranger = mintJoinToken(TestBackend.internalSecret, {
      peerId: randomUUID(),
      sessionId,
      role: 'host',
      userId: host.user.id,
      displayName: '',
      sessionType: 'audio',
    });
    expect(refusalOf(await ask({ role: 'host' }, { token: stranger }))).toBe('401 token_invalid');
  });

  it('is bounded for each address', async () => {
    const strict = await backend.startApi({ JOIN_RATE_PER_ADDRESS: '3', TRUST_PROXY: 'loopback' });
    const from = (address: string) =>
      strict.ask('POST', `/api/v1/sessions/${sessionId}/join`, {
        body: {},
        headers: { 'x-forwarded-for': address },
      });
    const answers = await Promise.all(Array.from({ length: 6 }, () => from('198.51.100.20')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(answers.filter((answer) => answer.status === 429)).toHaveLength(3);
    expect((await from('198.51.100.21')).status).toBe(200);
  });

  it('goes to the node that has the room, at its own address', async () => {
    const far = await SfuVoice.start(backend.redis, {
      ...{ publicUrl: 'https://far.example/sfu/', internalUrl, load: 0.5 },
    });
    try {
      const made = await host.client.sessions.create({ title: 'far' });
      expect((await api.client.stage.join({ id: made.id })).nodeId).toBe(sfu.nodeId);
      await far.open(made.id);
      expect(await api.client.stage.join({ id: made.id })).toMatchObject({
        nodeId: far.nodeId,
        signalingUrl: 'https://far.example/sfu',
        whepUrl: `https://far.example/sfu/whep/${made.id}`,
      });
    } finally {
      await far.close();
    }
  });

  describe('on one of two nodes', () => {
    /** Sends to the wanted one, when the first node, which has the room, is at `port`; `before` comes before the question. */
    async function expectNode(
      wanted: 'first' | 'other',
      port: number,
      before?: (first: SfuVoice) => unknown,
    ): Promise<void> {
      const first = await SfuVoice.start(backend.redis, { internalUrl: `http://127.0.0.1:${port}` });
      const other = await SfuVoice.start(backend.redis, { internalUrl, load: 0.5 });
      try {
        const { id } = await host.client.sessions.create({ title: 'on two nodes' });
        for (const node of [first, other]) await node.open(id);
        await before?.(first);
        const given = async () => (await api.client.stage.join({ id })).nodeId;
        // What doesn't say that it is gone at once may only be slow: then it is as if it were there.
        if (wanted === 'other')
          await waitUntil('the other node', async () => (await given()) === other.nodeId, 60_000);
        else expect(await given()).toBe(first.nodeId);
      } finally {
        for (const node of [first, other]) await node.close();
      }
    }

    it('passes over one whose process is gone, though it is named for some seconds more', async () => {
      // Nothing listens there.
      await expectNode('other', 9);
    });

    it('passes over one whose machine is gone without a word, not one that only the api can not reach', async () => {
      const silent = await startSilentServer();
      const leave = (leftMs: number) => async (first: SfuVoice) => {
        await first.die();
        await backend.redis.pexpire(sfuNodeKey(first.nodeId), leftMs);
      };
      try {
        await expectNode('other', silent.port, leave(1_400));
        await expectNode('first', silent.port, leave(60_000));
      } finally {
        silent.close();
      }
    });
  });

  it('is not possible without a node', async () => {
    const empty = await TestBackend.start();
    try {
      const alone = await empty.startApi();
      const owner = await alone.register();
      const { id } = await owner.client.sessions.create({ title: 'no sfu' });
      const answer = await alone.ask('POST', `/api/v1/sessions/${id}/join`, { body: {} });
      expect(refusalOf(answer)).toBe('503 unavailable');
    } finally {
      await empty.close();
    }
  });
});
