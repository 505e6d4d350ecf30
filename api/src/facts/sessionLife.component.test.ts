import {
  controlKey,
  factGroup,
  factStream,
  ingestCommand,
  ingestCommandChannel,
  type StreamHealth,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { Queue } from 'bullmq';
import { factsHandled, Life } from '../testing/Life.ts';
import { Listener } from '../testing/Listener.ts';
import type { TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
/** Facts and sweeps are shared by two processes. */
let second: TestApi;
let commands: Listener<typeof ingestCommand>;
let live: Queue;
let vod: Queue;

/** An interrupted session waits for its publisher for longer than this machine may stand still. */
const patient = { GRACE_PERIOD_MS: '600000' };

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi(patient);
  second = await backend.startApi(patient);
  commands = await Listener.on(backend.redis, ingestCommandChannel, ingestCommand);
  live = new Queue('live', { connection: backend.redis, prefix: 'maydan:queue' });
  vod = new Queue('vod', { connection: backend.redis, prefix: 'maydan:queue' });
});
afterAll(async () => {
  commands?.close();
  await Promise.all([live?.close(), vod?.close()]);
  await backend?.close();
});

const ago = (ms: number): Date => new Date(Date.now() - ms);

describe('a session', () => {
  it('goes from idle to its recording by facts', async () => {
    const life = await (await Life.create(backend, () => api)).authorize();
    await life.published();
    const starting = await life.reaches('starting');
    expect(starting.startedAt).not.toBeNull();
    expect(starting.playback.playable).toBe(false);
    await waitUntil('the job', async () => (await live.getJob(life.sessionId)) !== undefined, 60_000);
    const job = await live.getJob(life.sessionId);
    expect(await life.control()).toMatchObject({
      desired: 'run',
      epoch: 1,
      source: { relayUrl: life.relayUrl(), epoch: 1 },
    });
    expect(job?.data).toEqual({
      ...{ sessionId: life.sessionId, playbackId: life.playbackId, sessionType: 'video' },
    });

    await life.tell({ type: 'live.accepted', workerId: 'w1' });
    await life.ready();
    const onAir = await life.reaches('live');
    expect(onAir.playback).toMatchObject({
      playable: true,
      hlsUrl: `http://127.0.0.1:8090/hls/${life.playbackId}/index.m3u8`,
    });
    const listed = await api.client.sessions.list({ host: life.host.user.username });
    expect(listed.items.map((item) => item.id)).toEqual([life.sessionId]);

    await life.host.client.sessions.end({ id: life.sessionId });
    expect(await life.control()).toMatchObject({ desired: 'stop', stopReason: 'hostEnded', source: null });
    await commands.until((command) => command.sessionId === life.sessionId && command.reason === 'ended');
    await life.unpublished();
    await life.ended();
    const ended = await life.reaches('ended');
    expect(ended).toMatchObject({ endReason: 'hostEnded', durationMs: 61_000, playback: { playable: true } });
    expect(ended.endedAt).not.toBeNull();
    await waitUntil('the images job', async () => (await vod.getJob(life.sessionId)) !== undefined, 60_000);

    await life.tell({ type: 'vod.imagesReady', posterPath: 'poster.jpg', storyboardPath: 'storyboard.vtt' });
    await waitUntil('images', async () => (await life.session()).playback.posterUrl !== null, 60_000);
    expect((await life.session()).playback).toMatchObject({
      posterUrl: `http://127.0.0.1:8090/hls/${life.playbackId}/poster.jpg`,
      storyboardUrl: `http://127.0.0.1:8090/hls/${life.playbackId}/storyboard.vtt`,
    });
    const channel = await api.client.channels.get({ username: life.host.user.username.toUpperCase() });
    expect(channel).toMatchObject({ live: null, latestRecording: { id: life.sessionId } });
  });

  it('goes on when the publisher returns within the grace period', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    await life.unpublished();
    await life.reaches('interrupted');
    await life.controlled({ desired: 'run', source: null });
    const waiting = await life.control();
    expect(Date.parse(waiting?.graceDeadlineAt ?? '')).toBeGreaterThan(Date.now());
    const { sessionId, playbackId } = life;
    await life.authorize();
    expect([life.sessionId, life.playbackId, life.epoch]).toEqual([sessionId, playbackId, 2]);
    await life.published();
    await life.reaches('starting');
    await life.controlled({ source: { relayUrl: life.relayUrl(2), epoch: 2 }, graceDeadlineAt: null });
    await life.ready();
    expect((await life.reaches('live')).playback.playable).toBe(true);
  });

  it('is not changed by facts that come again or of an older epoch', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    const { startedAt } = await life.session();
    await life.published();
    await life.ready();
    await life.authorize();
    await life.published();
    await life.reaches('starting');
    await life.unpublished(1);
    await life.tell({ type: 'live.sourceLost', epoch: 1, reason: 'closed' });
    await life.ready({ epoch: 1 });
    await life.tell({
      type: 'ingest.published',
      epoch: 1,
      connectionId: 'c',
      relayUrl: life.relayUrl(1),
    });
    await factsHandled(backend.redis);
    expect(await life.session()).toMatchObject({ state: 'starting', startedAt });
    expect(await life.control()).toMatchObject({
      epoch: 2,
      source: { epoch: 2, relayUrl: life.relayUrl(2) },
    });
  });

  it('does not listen to a worker that was replaced', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    await life.tell({ type: 'live.accepted', workerId: 'w2', fence: 2 });
    // Two processes take facts: the next one may not come before this one.
    await factsHandled(backend.redis);
    await life.ended({ fence: 1, failure: 'encoderFailed' });
    await life.tell({ type: 'live.sourceLost', fence: 1, reason: 'closed' });
    await factsHandled(backend.redis);
    expect((await life.session()).state).toBe('live');
    await life.ended({ fence: 2, failure: 'encoderFailed' });
    expect(await life.reaches('failed')).toMatchObject({ endReason: 'encoderFailed' });
  });

  it('drops a publisher whose source the worker lost, so that it connects again', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    await life.tell({ type: 'live.sourceLost', reason: 'stalled' });
    await life.reaches('interrupted');
    await commands.until((command) => command.sessionId === life.sessionId && command.epoch === 1);
  });

  it('fails with the worker’s reason, and its publisher is dropped', async () => {
    const life = await (await Life.create(backend, () => api)).authorize();
    await life.published();
    await life.reaches('starting');
    await life.ended({ failure: 'unsupportedCodec', recorded: false, durationMs: 0, byteLength: 0 });
    const failed = await life.reaches('failed');
    expect(failed).toMatchObject({ endReason: 'unsupportedCodec', playback: { playable: false } });
    await commands.until((command) => command.sessionId === life.sessionId && command.reason === 'ended');
    expect(await vod.getJob(life.sessionId)).toBeUndefined();
  });

  it('drops a publish that was permitted before the end and came after it', async () => {
    const life = await (await Life.create(backend, () => api)).authorize();
    await life.host.client.sessions.end({ id: life.sessionId });
    expect((await life.session()).state).toBe('ended');
    const drops = () => commands.heard.filter((command) => command.sessionId === life.sessionId);
    await waitUntil('that of the end', () => drops().length > 0, 60_000);
    await life.published();
    await factsHandled(backend.redis);
    await waitUntil('the drop', () => drops().length > 1, 60_000);
    expect(new Set(drops().map(({ reason }) => reason))).toEqual(new Set(['ended']));
    expect((await life.session()).state).toBe('ended');
    expect(await live.getJob(life.sessionId)).toBeUndefined();
  });

  it('shows its health to its host and to moderators', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    const health: StreamHealth = {
      at: new Date().toISOString(),
      video: { codec: 'avc1.64001f', width: 1280, height: 720, frameRate: 30, keyFrameIntervalSec: 2 },
      frames: { windowSec: 10, received: 280, missing: 20, late: 3, mostLateMs: 700, dropped: 0 },
      audio: null,
      inputBitrateBps: 2_500_000,
      encoderSpeed: 1,
      renditions: ['720p', 'audio'],
      uploadLagBytes: 0,
      warnings: [],
    };
    await life.tell({ type: 'live.health', health });
    await factsHandled(backend.redis);
    expect(await life.host.client.sessions.health({ id: life.sessionId })).toEqual({ health });
    const stranger = await api.register();
    const path = `/api/v1/sessions/${life.sessionId}/health`;
    expect((await api.ask('GET', path, { token: stranger.accessToken })).status).toBe(403);
    await backend.giveRole(stranger, 'moderator');
    expect((await api.ask('GET', path, { token: stranger.accessToken })).status).toBe(200);
  });
});

describe('the fact stream', () => {
  it('goes on after nonsense', async () => {
    const life = await (await Life.create(backend, () => api)).authorize();
    await backend.redis.xadd(factStream, '*', 'fact', '{"type":"nonsense"}');
    await backend.redis.xadd(factStream, '*', 'other', 'x');
    await life.tell({ type: 'ingest.published', connectionId: 'c', relayUrl: 'not a url' });
    await life.published();
    await life.reaches('starting');
    await factsHandled(backend.redis);
  });

  it('has what a dead process had read taken over', async () => {
    const life = await (await Life.create(backend, () => api)).authorize();
    await factsHandled(backend.redis);
    await Promise.all([api.close(), second.close()]);
    await life.published();
    const read = ['GROUP', factGroup, 'dead', 'COUNT', 10, 'STREAMS', factStream, '>'] as const;
    expect(await backend.redis.xreadgroup(...read)).not.toBeNull();
    api = await backend.startApi(patient);
    await life.reaches('starting');
    await factsHandled(backend.redis);
  });

  it('is followed again after Redis lost everything', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    await backend.redis.flushall();
    await life.unpublished();
    await life.reaches('interrupted');
    await waitUntil('the document', async () => (await life.control())?.source === null, 60_000);
  });
});

describe('the sweep', () => {
  it('ends a session whose publisher did not return, and the worker’s word makes it final', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    await life.unpublished();
    await life.reaches('interrupted');
    await life.alter({ graceDeadlineAt: ago(1) });
    await life.reaches('ending');
    await waitUntil('stop', async () => (await life.control())?.desired === 'stop', 60_000);
    expect(await life.control()).toMatchObject({ stopReason: 'sourceGone' });
    await life.ended();
    expect(await life.reaches('ended')).toMatchObject({ endReason: 'sourceGone' });
  });

  it('writes document and job again when Redis lost them', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    await backend.redis.del(controlKey(life.sessionId));
    await live.remove(life.sessionId);
    await waitUntil('the document', async () => (await life.control())?.source?.epoch === 1, 60_000);
    await waitUntil('the job', async () => (await live.getJob(life.sessionId)) !== undefined, 60_000);
  });

  it('interrupts a session whose new publish was permitted and never came', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    await life.authorize();
    await life.unpublished(1);
    await factsHandled(backend.redis);
    expect((await life.session()).state).toBe('live');
    await life.alter({ authorizedAt: ago(60_000) });
    await life.reaches('interrupted');
  });

  it('gives up a session that no worker finishes, and still takes a late recording', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    await life.host.client.sessions.end({ id: life.sessionId });
    await life.alter({ stateChangedAt: ago(200_000) });
    expect(await life.reaches('failed')).toMatchObject({
      endReason: 'workerLost',
      playback: { playable: false },
    });
    await life.ended();
    await waitUntil('the recording', async () => (await life.session()).playback.playable, 60_000);
    expect(await life.session()).toMatchObject({
      state: 'failed',
      endReason: 'workerLost',
      durationMs: 61_000,
    });
  });

  it('ends what was prepared and never started', async () => {
    const { client } = await api.register();
    const old = await client.sessions.create({ title: 'old' });
    const ahead = await client.sessions.create({
      title: 'ahead',
      scheduledStartAt: new Date(Date.now() + 86_400_000).toISOString(),
    });
    await backend.database.session.updateMany({
      where: { id: { in: [old.id, ahead.id] } },
      data: { createdAt: ago(2 * 86_400_000) },
    });
    await waitUntil('end', async () => (await client.sessions.get({ id: old.id })).state === 'ended', 60_000);
    expect(await client.sessions.get({ id: old.id })).toMatchObject({ endReason: 'neverStarted' });
    expect((await client.sessions.get({ id: ahead.id })).state).toBe('idle');
  });

  it('ends the session of a host who was banned and drops the publisher', async () => {
    const life = await (await Life.create(backend, () => api)).goLive();
    await backend.database.user.update({ where: { id: life.host.user.id }, data: { bannedAt: new Date() } });
    await commands.until((command) => command.sessionId === life.sessionId && command.reason === 'revoked');
    // To others it is as if not there.
    const where = { id: life.sessionId };
    const state = async () => (await backend.database.session.findUniqueOrThrow({ where })).state;
    await waitUntil('ending', async () => (await state()) === 'ending', 60_000);
    expect(await backend.database.session.findUniqueOrThrow({ where })).toMatchObject({
      endReason: 'moderatorEnded',
    });
    await expect(life.session()).rejects.toMatchObject({ code: 'not_found' });
  });
});
