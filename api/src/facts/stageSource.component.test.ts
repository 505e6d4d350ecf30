import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { controlKey } from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { Queue } from 'bullmq';
import { factsHandled, Life } from '../testing/Life.ts';
import { SfuVoice } from '../testing/SfuVoice.ts';
import type { TestApi } from '../testing/TestApi.ts';
import { TestBackend } from '../testing/TestBackend.ts';

let backend: TestBackend;
let api: TestApi;
let sfu: SfuVoice;
let composite: Queue;
let forward: Queue;
let live: Queue;

/** An interrupted session waits for its publisher for longer than this machine may stand still. */
const patient = { GRACE_PERIOD_MS: '600000' };

beforeAll(async () => {
  backend = await TestBackend.start();
  api = await backend.startApi(patient);
  await backend.startApi(patient);
  sfu = await SfuVoice.start(backend.redis);
  const queue = (name: string): Queue =>
    new Queue(name, { connection: backend.redis, prefix: 'maydan:queue' });
  [composite, forward, live] = [queue('composite'), queue('forward'), queue('live')];
});
afterAll(async () => {
  await Promise.all([composite?.close(), forward?.close(), live?.close()]);
  await sfu?.close();
  await backend?.close();
});

const make = (): Promise<Life> => Life.create(backend, () => api);
const jobIn = (queue: Queue, { sessionId }: Life): Promise<void> =>
  waitUntil('the job', async () => (await queue.getJob(sessionId)) !== undefined, 60_000);

/** Publishes the composed stage under a fresh epoch, which is returned. */
async function compose(life: Life): Promise<number> {
  const epoch = await api.compose(life.sessionId);
  await life.tell({
    type: 'ingest.published',
    sourceKind: 'stage',
    connectionId: 'w',
    epoch,
    relayUrl: url(life, epoch),
  });
  return epoch;
}
const url = ({ sessionId }: Life, epoch: number): string =>
  `http://127.0.0.1:9000/relay/${sessionId}/${epoch}.flv`;
/** A device of the host's, as the sfu tells of it. */
const hostDevice = ({ user }: Life['host'], sessionId: string) =>
  ({ sessionId, peerId: randomUUID(), userId: user.id, role: 'host' }) as const;

describe('a stage beside an RTMP publisher', () => {
  it('is what is shown while it is there; then the publisher is again', async () => {
    const life = await (await make()).goLive();
    const rtmp = { relayUrl: life.relayUrl(1), epoch: 1 };
    await life.controlled({ source: rtmp, rtmp, dropRtmpBelow: 1 });
    await jobIn(forward, life);
    expect(await composite.getJob(life.sessionId)).toBeUndefined();
    await sfu.open(life.sessionId);
    await sfu.started(life.sessionId);
    await jobIn(composite, life);
    expect((await composite.getJob(life.sessionId))?.data).toEqual({
      sessionId: life.sessionId,
      playbackId: life.playbackId,
      sessionType: 'video',
    });
    const epoch = await compose(life);
    expect(epoch).toBe(2);
    await life.reaches('starting');
    await life.controlled({ epoch: 2, source: { relayUrl: url(life, 2), epoch: 2 }, rtmp });
    await life.ready({ epoch: 1 });
    await factsHandled(backend.redis);
    expect((await life.session()).state).toBe('starting');
    await life.ready({ epoch: 2 });
    await life.reaches('live');

    await life.unpublished(2);
    await life.reaches('starting');
    await life.controlled({ epoch: 3, source: { relayUrl: life.relayUrl(1), epoch: 3 }, rtmp });
    await life.ready({ epoch: 3 });
    await life.reaches('live');
    await life.unpublished(1);
    await life.reaches('interrupted');
    await life.controlled({ source: null, rtmp: null });
  });

  it('goes on when the publisher goes, and takes it in again when it comes back', async () => {
    const life = await (await make()).goLive();
    await compose(life);
    await life.reaches('starting');
    await life.ready({ epoch: 2 });
    await life.reaches('live');
    await life.unpublished(1);
    await life.controlled({ source: { relayUrl: url(life, 2), epoch: 2 }, rtmp: null });
    expect((await life.session()).state).toBe('live');
    await forward.remove(life.sessionId);
    await life.authorize();
    expect(life.epoch).toBe(3);
    await life.published();
    await life.controlled({
      source: { relayUrl: url(life, 2), epoch: 2 },
      rtmp: { relayUrl: life.relayUrl(3), epoch: 3 },
      dropRtmpBelow: 3,
    });
    await jobIn(forward, life);
    expect((await life.session()).state).toBe('live');
  });

  it('is left for the publisher when the worker loses it, who then isn’t dropped', async () => {
    const life = await (await make()).goLive();
    await compose(life);
    await life.reaches('starting');
    await life.tell({ type: 'live.sourceLost', epoch: 2, reason: 'stalled' });
    await life.controlled({ source: { relayUrl: life.relayUrl(1), epoch: 3 } });
    expect((await life.session()).state).toBe('starting');
    const again = await compose(life);
    expect(again).toBe(4);
    await life.controlled({ source: { relayUrl: url(life, 4), epoch: 4 } });
  });
});

describe('a session without RTMP', () => {
  it.each(['video', 'audio'] as const)('of type %s goes live by its stage, and ends', async (type) => {
    const life = await make();
    const { client } = life.host;
    const made = await client.sessions.create({ title: 'from the browser', type });
    expect(made.type).toBe(type);
    Object.assign(life, { sessionId: made.id, playbackId: made.playback.playbackId });
    await sfu.open(made.id);
    await sfu.started(made.id);
    await jobIn(composite, life);
    expect((await life.session()).state).toBe('idle');
    const prepared = { desired: 'run', source: null, rtmp: null, epoch: 0 } as const;
    expect(await life.control()).toMatchObject(prepared);
    await backend.redis.del(controlKey(made.id));
    await waitUntil('the document again', async () => (await life.control()) !== null, 60_000);
    life.epoch = await compose(life);
    const starting = await life.reaches('starting');
    expect(starting.startedAt).not.toBeNull();
    await jobIn(live, life);
    expect(await forward.getJob(made.id)).toBeUndefined();
    await life.ready({ audioOnly: type === 'audio' });
    await life.reaches('live');
    const device = hostDevice(life.host, made.id);
    await sfu.joined(device);
    await factsHandled(backend.redis);
    expect((await client.stage.get({ id: made.id })).stage.people).toHaveLength(1);
    await client.sessions.end({ id: made.id });
    expect((await client.stage.get({ id: made.id })).stage.people).toEqual([]);
    const closeRoom = { type: 'closeRoom', sessionId: made.id, reason: 'sessionEnded' } as const;
    await sfu.commands.until((command) => command.type === 'closeRoom' && command.sessionId === made.id);
    expect(sfu.commands.heard).toContainEqual(closeRoom);
    await sfu.left(device, 'sessionEnded', new Date(Date.now() + 10));
    await life.unpublished();
    await life.ended();
    const where = { sessionId: made.id, isPresent: true };
    const isEmpty = async () => (await backend.database.stagePeer.count({ where })) === 0;
    await waitUntil('nobody is left', isEmpty, 60_000);
    expect(await life.reaches('ended')).toMatchObject({
      endReason: 'hostEnded',
      playback: { playable: true },
    });
    // Of a room that the node has, the sweep would say so, too.
    await sfu.announce({ rooms: [] });
    const closes = () => sfu.commands.heard.filter((one) => isDeepStrictEqual(one, closeRoom)).length;
    const before = closes();
    await sfu.joined(hostDevice(life.host, made.id));
    await waitUntil('the room is closed again', () => closes() > before, 60_000);
  });

  it('waits for its stage, and ends when it does not come back', async () => {
    const life = await make();
    const made = await life.host.client.sessions.create({ title: 'gone' });
    Object.assign(life, { sessionId: made.id, playbackId: made.playback.playbackId });
    life.epoch = await compose(life);
    await life.reaches('starting');
    await life.unpublished();
    await life.reaches('interrupted');
    const graceDeadline = async () => (await life.control())?.graceDeadlineAt ?? '';
    await waitUntil('the time that is left', async () => (await graceDeadline()) !== '', 60_000);
    const before = await graceDeadline();
    life.epoch = await compose(life);
    await life.reaches('starting');
    await life.unpublished();
    await life.reaches('interrupted');
    await waitUntil('more time', async () => (await graceDeadline()) > before, 60_000);
    await life.controlled({ source: null });
    await life.alter({ graceDeadlineAt: new Date(Date.now() - 1) });
    await life.reaches('ending');
    await sfu.commands.until((command) => command.type === 'closeRoom' && command.sessionId === made.id);
  });

  it('that WHIP takes over from RTMP keeps its viewers until the stage comes', async () => {
    const life = await make();
    await life.authorize();
    await life.published();
    await life.reaches('starting');
    await life.ready();
    await life.reaches('live');
    await life.whip();
    await life.unpublished(1);
    await life.controlled({ rtmp: null, dropRtmpBelow: 2 });
    expect((await life.session()).state).toBe('live');
    await compose(life);
    await life.controlled({ source: { relayUrl: url(life, 2), epoch: 2 }, rtmp: null });
    await life.reaches('starting');
  });

  it('that WHIP wanted to take over and didn’t is interrupted', async () => {
    const life = await (await make()).goLive();
    await life.whip();
    await life.unpublished(1);
    await factsHandled(backend.redis);
    expect((await life.session()).state).toBe('live');
    await life.alter({ authorizedAt: new Date(Date.now() - 60_000) });
    await life.reaches('interrupted');
  });
});

describe('facts of stages', () => {
  it('may come twice and in any order', async () => {
    const life = await make();
    const made = await life.host.client.sessions.create({ title: 'order' });
    Object.assign(life, { sessionId: made.id, playbackId: made.playback.playbackId });
    await sfu.open(made.id);
    const at = (offsetMs: number) => new Date(Date.now() + offsetMs);
    const [began, stopped] = [at(0), at(100)];
    await sfu.stopped(made.id, stopped);
    // Two processes may handle what is told together at the same time.
    await factsHandled(backend.redis);
    await sfu.started(made.id, began);
    await sfu.started(made.id, began);
    await factsHandled(backend.redis);
    expect(await composite.getJob(made.id)).toBeUndefined();
    await sfu.started(made.id, at(200));
    await sfu.stopped(made.id, stopped);
    await jobIn(composite, life);
    await factsHandled(backend.redis);
    const row = await backend.database.stageNode.findMany({ where: { sessionId: made.id } });
    expect(row).toMatchObject([{ nodeId: sfu.nodeId, isOn: true }]);
  });

  it('of a session that is not there close the room', async () => {
    const sessionId = randomUUID();
    await sfu.started(sessionId);
    await sfu.commands.until((command) => command.type === 'closeRoom' && command.sessionId === sessionId);
  });
});

describe('the sweep', () => {
  it('queues the jobs of stage and RTMP publisher again when they are gone', async () => {
    const life = await (await make()).goLive();
    await sfu.open(life.sessionId);
    await sfu.started(life.sessionId);
    await Promise.all([jobIn(composite, life), jobIn(forward, life)]);
    await Promise.all([composite.remove(life.sessionId), forward.remove(life.sessionId)]);
    await Promise.all([jobIn(composite, life), jobIn(forward, life)]);
    await sfu.stopped(life.sessionId);
    await factsHandled(backend.redis);
    // A round of the sweep that had begun before may queue it once more.
    const isLeft = async (): Promise<boolean> => {
      await Promise.all([composite.remove(life.sessionId), forward.remove(life.sessionId)]);
      await jobIn(forward, life);
      return (await composite.getJob(life.sessionId)) === undefined;
    };
    await waitUntil('nobody queues the composite', isLeft, 60_000);
  });

  it('forgets the stage of a node that died', async () => {
    const life = await make();
    const made = await life.host.client.sessions.create({ title: 'lost' });
    const other = await SfuVoice.start(backend.redis);
    try {
      await other.open(made.id);
      await other.started(made.id);
      await other.joined(hostDevice(life.host, made.id));
      const onStage = async () => (await life.host.client.stage.get({ id: made.id })).stage.people.length;
      await waitUntil('the host', async () => (await onStage()) === 1, 60_000);
      await other.die();
      await waitUntil('nobody', async () => (await onStage()) === 0, 60_000);
      const rows = await backend.database.stageNode.findMany({ where: { sessionId: made.id } });
      expect(rows).toMatchObject([{ nodeId: other.nodeId, isOn: false }]);
    } finally {
      await other.close();
    }
  });

  it('tells a node again that a session of its rooms is over', async () => {
    const life = await make();
    const made = await life.host.client.sessions.create({ title: 'over' });
    await life.host.client.sessions.end({ id: made.id });
    const closes = () =>
      sfu.commands.heard.filter((command) => 'sessionId' in command && command.sessionId === made.id).length;
    const before = closes();
    await sfu.open(made.id);
    await waitUntil('the command', () => closes() > before, 60_000);
    await sfu.announce({ rooms: [] });
  });
});
