import { randomUUID } from 'node:crypto';
import type { StagePeerHealth, StreamHealth } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { factsHandled, Life } from '../testing/Life.ts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import type { Account, TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';
import { socketStream } from '../realtime/EventStream.ts';
import { TestSocket } from '../testing/TestSocket.ts';

let backend: TestBackend;
let api: TestApi;
/** Facts are shared by two processes, and people are connected to both. */
let second: TestApi;
let sfu: SfuVoice;
let life: Life;
let admin: Account;

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi();
  second = await backend.startApi();
  sfu = await SfuVoice.start(backend.redis);
  life = await (await Life.create(backend, () => api)).goLive();
  admin = await api.register();
  await backend.giveRole(admin, 'admin');
});
afterEach(() => TestSocket.closeAll());
afterAll(async () => {
  await sfu?.close();
  await backend?.close();
});

const streamOf = (inputBitrateBps: number, at = new Date()): StreamHealth => ({
  at: at.toISOString(),
  video: { codec: 'h264', width: 1280, height: 720, frameRate: 30, keyFrameIntervalSec: 2 },
  frames: { windowSec: 10, received: 250, missing: 50, late: 8, mostLateMs: 900, dropped: 1 },
  audio: null,
  inputBitrateBps,
  encoderSpeed: 1,
  renditions: ['720p', 'audio'],
  uploadLagBytes: 0,
  warnings: [],
});
const report = (bitrateBps: number, at?: Date) =>
  life.tell({ type: 'live.health', health: streamOf(bitrateBps, at) });
const cameraOf = (userId: string): StagePeerHealth => ({
  ...{ peerId: randomUUID(), userId, source: 'camera', bitrateBps: 900_000 },
  ...{ frameRate: 30, width: 1280, height: 720, keyFrameIntervalMs: 4_000, packetLoss: 0.12 },
  ...{ roundTripTimeMs: 20, jitterMs: 2, frames: { received: 90, lost: 9, late: 0 } },
});
const on = (where: TestApi, who: Account, reconnects = false): Promise<TestSocket> =>
  TestSocket.connect(where.url, { token: who.accessToken }, reconnects);
const bitratesOf = (socket: TestSocket): (number | undefined)[] =>
  socket.of('health:reported').map(({ health }) => health.stream?.inputBitrateBps);

it('is told live to the host and to moderators, wherever they are connected and whichever process heard of it', async () => {
  const { sessionId, host } = life;
  const officer = await api.register();
  await backend.giveRole(officer, 'moderator');
  const sockets = [await on(api, host), await on(second, host), await on(second, officer)];
  await report(1_000_000);
  await factsHandled(backend.redis);
  for (const socket of sockets) {
    expect(await socket.ask('health:subscribe', { sessionId })).toMatchObject({
      health: { sessionId, stream: { inputBitrateBps: 1_000_000 }, stage: { peers: [], composition: null } },
      renewAfterSec: 45,
    });
  }
  await report(2_000_000);
  for (const socket of sockets) await socket.until('health:reported');
  expect(sockets.map((socket) => bitratesOf(socket)[0])).toEqual([2_000_000, 2_000_000, 2_000_000]);
  const peer = cameraOf(host.user.id);
  await sfu.tell({
    ...{ type: 'stage.health', sessionId, at: new Date().toISOString(), nodeId: 'a', peers: [peer] },
  });
  for (const socket of sockets) {
    await socket.until('health:reported', 2);
    const { health } = socket.of('health:reported')[1]!;
    expect(health.stage.peers).toEqual([peer]);
    expect(health.stage.warnings.map(({ code }) => code)).toEqual(['packetLoss', 'lostFrames']);
  }
});

it('is told once a second at most, the newest last, however often and wherever it is reported', async () => {
  const { sessionId, host } = life;
  const socket = await on(second, host);
  await socket.ask('health:subscribe', { sessionId });
  const sinceMs = Date.now();
  for (let at = 1; at <= 30; at += 1) await report(at, new Date(sinceMs + at));
  await waitUntil('the newest', () => bitratesOf(socket).at(-1) === 30, 60_000);
  const seconds = (Date.now() - sinceMs) / 1_000;
  expect(bitratesOf(socket).length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
});

it('is told to nobody else, nor any more after the end of a role or a farewell', async () => {
  const { sessionId, host } = life;
  const officer = await api.register();
  const setRole = (role: 'moderator' | 'user') => admin.client.admin.setRole({ id: officer.user.id, role });
  const viewer = await on(api, await api.register());
  const guest = await TestSocket.connect(api.url);
  expect(await guest.codeOf('health:subscribe', { sessionId })).toBe('unauthenticated');
  expect(await viewer.codeOf('health:subscribe', { sessionId })).toBe('forbidden');
  expect(await viewer.codeOf('health:subscribe', { sessionId: randomUUID() })).toBe('not_found');
  expect(await viewer.codeOf('health:subscribe', { sessionId: 'x' })).toBe('validation_failed');

  await setRole('moderator');
  const [demoted, gone, stays] = [await on(api, officer, true), await on(api, host), await on(api, host)];
  for (const socket of [demoted, gone, stays, stays])
    expect(await socket.codeOf('health:subscribe', { sessionId })).toBeUndefined();
  // Their connections come back as who they are now.
  await setRole('user');
  await demoted.until('connection:ready', 2);
  expect(await demoted.codeOf('health:subscribe', { sessionId })).toBe('forbidden');
  expect(await gone.codeOf('health:unsubscribe', { sessionId })).toBeUndefined();
  await report(7);
  await waitUntil('the report', () => bitratesOf(stays).at(-1) === 7, 60_000);
  for (const socket of [demoted, gone, viewer, guest]) {
    // An answer comes behind all that was told before.
    await socket.ask('health:unsubscribe', { sessionId });
    expect(bitratesOf(socket)).not.toContain(7);
  }
});

it('of a stage is told by each node and by who composes it, kept apart, and read by the host', async () => {
  const { client, user } = life.host;
  const { id } = await client.sessions.create({ title: 'show' });
  const nothing = { sessionId: id, at: null, peers: [], composition: null, warnings: [] };
  expect(await client.stage.health({ id })).toEqual(nothing);
  const peer = { ...cameraOf(user.id), frames: { received: 90, lost: 0, late: 0 } };
  const at = new Date().toISOString();
  const report = { type: 'stage.health' as const, sessionId: id, at, nodeId: 'a', peers: [peer] };
  const quiet = { ...peer, peerId: randomUUID(), packetLoss: null };
  await sfu.tell(report);
  await sfu.tell({ ...report, nodeId: 'b', peers: [quiet] });
  await sfu.tell({ ...report, nodeId: 'a', at: new Date(Date.parse(at) - 1_000).toISOString(), peers: [] });
  const people = [{ peerId: peer.peerId, source: 'camera' as const, received: 120, late: 12, dropped: 0 }];
  const composition = { windowSec: 4, made: 120, skipped: 1, people };
  await sfu.tell({ type: 'stage.composed', sessionId: id, at, composition });
  await factsHandled(backend.redis);
  const health = await client.stage.health({ id });
  expect(health).toMatchObject({ sessionId: id, at, composition });
  expect(health.peers).toEqual(expect.arrayContaining([peer, quiet]));
  expect(health.warnings.map(({ code, peerId }) => [code, peerId])).toEqual([
    ['packetLoss', peer.peerId],
    ['broadcastStutters', peer.peerId],
  ]);
});

it('costs nothing while nobody listens', async () => {
  const other = await (await Life.create(backend, () => api)).goLive();
  await other.tell({ type: 'live.health', health: streamOf(1) });
  await factsHandled(backend.redis);
  const told = JSON.stringify(await backend.redis.xrange(socketStream, '-', '+'));
  expect(told).toContain(`health:${life.sessionId}`);
  expect(told).not.toContain(`health:${other.sessionId}`);
});
