import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Fact } from '@maydan/contracts';
import { RtpSink } from '../testing/RtpSink.ts';
import { RtpSource, type SentCodec } from '../testing/RtpSource.ts';
import { opusParameters } from '../testing/rtp.ts';
import type { TestClient } from '../testing/TestClient.ts';
import { TestSfu } from '../testing/TestSfu.ts';
import { until } from '../testing/until.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Without the reports on health, of which there are more when all is slow. */
async function stageFacts(sfu: TestSfu): Promise<Fact[]> {
  return (await sfu.facts()).filter(({ type }) => type !== 'stage.health');
}

async function start(env: NodeJS.ProcessEnv = {}): Promise<TestSfu> {
  const sfu = await TestSfu.start(env);
  cleanups.push(() => sfu.close());
  return sfu;
}

async function publish(client: TestClient, codec: SentCodec = 'h264'): Promise<RtpSource> {
  const source = await RtpSource.start(client, codec);
  cleanups.push(() => source.close());
  return source;
}

async function receive(client: TestClient, producerId: string): Promise<RtpSink> {
  const sink = await RtpSink.start(client, producerId);
  cleanups.push(() => sink.close());
  return sink;
}

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('media', () => {
  it('goes from an encoder to our services, and tells how well it travels', async () => {
    const sfu = await start();
    const sessionId = randomUUID();
    const ingress = await sfu.join({ sessionId, role: 'ingress' });
    const egress = await sfu.join({ sessionId, role: 'egress' });
    const source = await publish(ingress);
    const [video, audio] = await Promise.all([
      receive(egress, source.videoId),
      receive(egress, source.audioId),
    ]);
    await Promise.all([video.more(30), audio.more(50)]);
    await ingress.event('peer.network', ({ sending }) => sending === 10);
    const told = { peerId: ingress.peerId, sending: 10, receiving: null };
    await until('a join that tells the network', async () => {
      const late = await sfu.join({ sessionId, role: 'cohost' });
      await late.request('room.leave', {});
      return late.room!.network.some((one) => isDeepStrictEqual(one, told));
    });
    await until('a join that tells who speaks', async () => {
      const viewer = await sfu.join({ sessionId, role: 'viewer' });
      expect(viewer.room?.network).toEqual([]);
      return viewer.room?.speaker === ingress.peerId;
    });
    await egress.request('consumer.pause', { consumerId: video.consumerId });
    await video.silent(300);
    await egress.request('consumer.resume', { consumerId: video.consumerId });
    await video.more(10);
  });

  it('crosses Workers when a room outgrows one', async () => {
    const sfu = await start({ SFU_WORKERS: '2', SFU_CONSUMERS_PER_WORKER: '4' });
    const sessionId = randomUUID();
    const ingress = await sfu.join({ sessionId, role: 'ingress' });
    const source = await publish(ingress);
    const room = sfu.running.rooms.find(sessionId)!;
    const viewers: TestClient[] = [];
    for (let index = 0; index < 3; index++) viewers.push(await watch(sfu, sessionId, source));
    expect(room.workerCount).toBe(2);
    const [first, , third] = viewers.map(({ peerId }) => room.peers.get(peerId)!);
    expect(third!.place.worker).not.toBe(first!.place.worker);
    expect(third!.place.router.id).not.toBe(room.router.id);
    // Media arrives on the second Worker: it is what its consumers would send.
    const piped = await room.shown(source.videoId).onRouter(third!.router);
    await until('packets over the pipe', async () => ((await piped.getStats())[0]?.packetCount ?? 0) > 30);
    await sfu.running.rooms.obey({
      type: 'mutePeer',
      sessionId,
      whom: { peerId: ingress.peerId },
      source: null,
      muted: true,
    });
    await until('the pause on the second Worker', () => piped.paused);
    await viewers[2]!.request('room.leave', {});
    await until('one Worker', () => room.workerCount === 1);
  });
});

/** Somebody who receives both, and never connects the transport: what counts is where it is. */
async function watch(sfu: TestSfu, sessionId: string, source: RtpSource): Promise<TestClient> {
  const viewer = await sfu.join({ sessionId, role: 'viewer' });
  const { transportId } = await viewer.request('transport.create', { direction: 'receive' });
  const { rtpCapabilities } = viewer.room!;
  for (const producerId of [source.videoId, source.audioId]) {
    await viewer.request('consumer.create', { transportId, producerId, rtpCapabilities });
  }
  return viewer;
}

describe('a lost connection', () => {
  it('is taken up within the grace period, with everything as it was, and nobody notices', async () => {
    const sfu = await start();
    const sessionId = randomUUID();
    const peerId = randomUUID();
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const host = await sfu.join({ sessionId, peerId });
    const { transportId, iceParameters } = await host.request('transport.create', { direction: 'send' });
    const producer = {
      transportId,
      kind: 'audio',
      source: 'microphone',
      rtpParameters: opusParameters(),
    } as const;
    const { producerId } = await host.request('producer.create', producer);
    host.close();
    await until('the loss', () => viewer.socket.connected && !host.socket.connected);
    const again = await sfu.connect(sfu.token({ sessionId, peerId }));
    expect((await again.join()).resumed).toBe(true);
    const restarted = await again.request('transport.restartIce', { transportId });
    expect(restarted.iceParameters.password).not.toBe(iceParameters.password);
    await again.request('producer.pause', { producerId });
    await viewer.event('producer.changed', ({ pausedBy }) => pausedBy === 'owner');
    expect(viewer.all('peer.left')).toEqual([]);
    expect(viewer.all('peer.joined')).toHaveLength(1);
    expect(viewer.all('producer.removed')).toEqual([]);
    expect(await sfu.metric('maydan_sfu_resumed_total')).toBe(1);
  });

  it('ends the peer when the grace period is over', async () => {
    const sfu = await start({ SFU_PEER_GRACE_MS: '200' });
    const sessionId = randomUUID();
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const host = await sfu.join({ sessionId });
    const producerId = await host.speak();
    host.close();
    await viewer.event('producer.removed', (payload) => payload.producerId === producerId);
    expect(await viewer.event('peer.left')).toEqual({ peerId: host.peerId, reason: 'lost' });
    const again = await sfu.join({ sessionId, peerId: host.peerId });
    expect(again.room?.resumed).toBe(false);
  });

  it('is taken over by a second connection of the same peer', async () => {
    const sfu = await start();
    const grant = { sessionId: randomUUID(), peerId: randomUUID() };
    const first = await sfu.join(grant);
    const producerId = await first.speak();
    const second = await sfu.join(grant);
    expect(second.room?.resumed).toBe(true);
    expect(await first.event('room.closed')).toEqual({ reason: 'takenOver' });
    await first.disconnected();
    await second.request('producer.pause', { producerId });
    // With another role it is another peer: what it may do is decided anew.
    const third = await sfu.join({ ...grant, role: 'viewer' });
    expect(third.room?.resumed).toBe(false);
    expect(await second.event('room.closed')).toEqual({ reason: 'takenOver' });
    expect(third.room?.producers).toEqual([]);
  });
});

describe('what the api says', () => {
  it('mutes somebody, who can not overrule it, also for what comes later', async () => {
    const sfu = await start();
    const sessionId = randomUUID();
    const userId = randomUUID();
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const cohost = await sfu.join({ sessionId, role: 'cohost', userId });
    const producerId = await cohost.speak();
    const mute = (muted: boolean) =>
      sfu.command({ type: 'mutePeer', sessionId, whom: { userId }, source: 'microphone', muted });
    await mute(true);
    for (const client of [viewer, cohost]) {
      await client.event('producer.changed', (payload) => payload.pausedBy === 'host');
    }
    await expect(cohost.request('producer.resume', { producerId })).rejects.toEqual(code('forbidden'));
    await cohost.request('producer.close', { producerId });
    const second = await cohost.speak();
    const { producer } = await viewer.event(
      'producer.added',
      (payload) => payload.producer.producerId === second,
    );
    expect(producer.pausedBy).toBe('host');
    await mute(false);
    await viewer.event('producer.changed', (payload) => payload.pausedBy === 'owner');
    await cohost.request('producer.resume', { producerId: second });
    await viewer.event('producer.changed', (payload) => payload.pausedBy === null);
  });

  it('is told to somebody muted who was away, and to one who begins again', async () => {
    const sfu = await start();
    const grant = { sessionId: randomUUID(), peerId: randomUUID(), role: 'cohost' as const };
    const { sessionId, peerId } = grant;
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const cohost = await sfu.join(grant);
    const producerId = await cohost.speak();
    cohost.close();
    await until('the loss', () => !cohost.socket.connected);
    await sfu.command({ type: 'mutePeer', sessionId, whom: { peerId }, source: 'microphone', muted: true });
    await viewer.event('producer.changed', ({ pausedBy }) => pausedBy === 'host');
    const again = await sfu.join(grant);
    expect(again.room).toMatchObject({
      resumed: true,
      producers: [{ producerId, peerId, pausedBy: 'host' }],
    });
    await again.request('producer.close', { producerId });
    const { transportId } = await again.request('transport.create', { direction: 'send' });
    const rtpParameters = opusParameters();
    const input = { transportId, kind: 'audio', source: 'microphone', rtpParameters } as const;
    expect(await again.request('producer.create', input)).toMatchObject({ pausedBy: 'host' });
  });

  it('removes and bans at once, and older tokens do not help', async () => {
    const sfu = await start();
    const sessionId = randomUUID();
    const userId = randomUUID();
    const viewer = await sfu.join({ sessionId, role: 'viewer' });
    const grant = { sessionId, userId, role: 'cohost' as const };
    const tokens = [sfu.token(grant), sfu.token({ ...grant, role: 'viewer' })];
    const cohost = await sfu.join(grant);
    await sfu.command({ type: 'removePeer', sessionId, whom: { userId }, reason: 'removed' });
    expect(await cohost.event('room.closed')).toEqual({ reason: 'removed' });
    expect(await viewer.event('peer.left')).toEqual({ peerId: cohost.peerId, reason: 'removed' });
    await cohost.disconnected();
    const back = await sfu.connect(tokens[0]!);
    await expect(back.join()).rejects.toEqual(code('forbidden'));
    const watching = await sfu.connect(tokens[1]!);
    await watching.join();
    await sfu.command({ type: 'removePeer', sessionId, whom: { userId }, reason: 'banned' });
    expect(await watching.event('room.closed')).toEqual({ reason: 'banned' });
    const banned = await sfu.connect(tokens[1]!);
    await expect(banned.join()).rejects.toEqual(code('forbidden'));
  });

  it('puts somebody out of all rooms at once', async () => {
    const sfu = await start();
    const [userId, stranger] = [randomUUID(), randomUUID()];
    const sessions = [randomUUID(), randomUUID()];
    const tokens = sessions.map((sessionId) => sfu.token({ sessionId, userId, role: 'viewer' }));
    const there = [];
    for (const sessionId of sessions) there.push(await sfu.join({ sessionId, userId, role: 'viewer' }));
    const other = await sfu.join({ sessionId: sessions[0]!, userId: stranger, role: 'viewer' });
    await sfu.command({ type: 'removeUser', userId, reason: 'banned' });
    for (const viewer of there) expect(await viewer.event('room.closed')).toEqual({ reason: 'banned' });
    for (const token of tokens) {
      const again = await sfu.connect(token);
      await expect(again.join()).rejects.toEqual(code('forbidden'));
    }
    await sfu.join({ sessionId: sessions[0]!, userId: stranger, role: 'viewer' });
    other.close();
  });

  it('ends the room, and passes over what is no command', async () => {
    const sfu = await start();
    const sessionId = randomUUID();
    const host = await sfu.join({ sessionId });
    await sfu.redis.publish('maydan:sfu:commands', '{"type":"explode"}');
    await sfu.redis.publish('maydan:sfu:commands', 'nonsense');
    await sfu.command({ type: 'closeRoom', sessionId, reason: 'sessionEnded' });
    expect(await host.event('room.closed')).toEqual({ reason: 'sessionEnded' });
    expect(sfu.running.rooms.find(sessionId)).toBeUndefined();
  });
});

describe('what the api is told', () => {
  it('is who is on stage, and whether they send; not viewers and encoders', async () => {
    const sfu = await start();
    const sessionId = randomUUID();
    const userId = randomUUID();
    await sfu.join({ sessionId, role: 'viewer' });
    const ingress = await sfu.join({ sessionId, role: 'ingress' });
    await publish(ingress);
    const host = await sfu.join({ sessionId, userId });
    const producerId = await host.speak();
    await host.request('producer.close', { producerId });
    await host.speak();
    await host.request('room.leave', {});
    await until('the facts', async () => (await stageFacts(sfu)).length === 6);
    const facts = await stageFacts(sfu);
    expect(facts.map(({ type }) => type)).toEqual([
      'stage.peerJoined',
      'stage.started',
      'stage.stopped',
      'stage.started',
      'stage.stopped',
      'stage.peerLeft',
    ]);
    expect(facts[0]).toMatchObject({ sessionId, userId, role: 'host', nodeId: sfu.running.nodeId });
    expect(facts[5]).toMatchObject({ peerId: host.peerId, reason: 'left' });
  });
});

describe('a Worker that is killed', () => {
  it('ends its rooms, and people join again at once', async () => {
    const sfu = await start({ SFU_WORKERS: '1' });
    const sessionId = randomUUID();
    const ingress = await sfu.join({ sessionId, role: 'ingress' });
    const egress = await sfu.join({ sessionId, role: 'egress' });
    const host = await sfu.join({ sessionId });
    await host.speak();
    process.kill(sfu.running.pool.workers[0]!.pid, 'SIGKILL');
    for (const client of [ingress, egress, host]) {
      expect(await client.event('room.closed')).toEqual({ reason: 'roomLost' });
    }
    // Over the same connection or a new one.
    expect((await ingress.join()).resumed).toBe(false);
    const again = await sfu.join({ sessionId, role: 'egress', peerId: egress.peerId });
    const source = await publish(ingress);
    const video = await receive(again, source.videoId);
    await video.more(20);
    await until('the facts', async () => (await stageFacts(sfu)).length === 4);
    const facts = (await stageFacts(sfu)).map(({ type }) => type);
    expect(facts).toEqual(['stage.peerJoined', 'stage.started', 'stage.stopped', 'stage.peerLeft']);
  });

  it('leaves the other Workers of a room alone', async () => {
    const sfu = await start({ SFU_WORKERS: '2', SFU_CONSUMERS_PER_WORKER: '4' });
    const sessionId = randomUUID();
    const ingress = await sfu.join({ sessionId, role: 'ingress' });
    const source = await publish(ingress);
    const viewers: TestClient[] = [];
    for (let index = 0; index < 3; index++) viewers.push(await watch(sfu, sessionId, source));
    const room = sfu.running.rooms.find(sessionId)!;
    process.kill(room.peers.get(viewers[2]!.peerId)!.place.worker.pid, 'SIGKILL');
    expect(await viewers[2]!.event('room.closed')).toEqual({ reason: 'roomLost' });
    expect(room.closed).toBe(false);
    expect(room.peers.size).toBe(3);
    await viewers[2]!.join();
    expect(viewers[0]!.all('room.closed')).toEqual([]);
  });
});

describe('key frames', () => {
  it('are asked of a sender once a second, however many join at once', async () => {
    const sfu = await start();
    const sessionId = randomUUID();
    const ingress = await sfu.join({ sessionId, role: 'ingress' });
    const egress = await sfu.join({ sessionId, role: 'egress' });
    const source = await publish(ingress, 'vp8');
    const first = await receive(egress, source.videoId);
    await first.more(10);
    const startedAt = Date.now();
    const sentBefore = await sfu.metric('maydan_sfu_key_frames_sent_total');
    const storm = Array.from({ length: 40 }, () => receive(egress, source.videoId));
    const sinks = await Promise.all(storm);
    await Promise.all(sinks.map((sink) => sink.more(5)));
    const sentSince = async () => (await sfu.metric('maydan_sfu_key_frames_sent_total')) - sentBefore;
    // A key frame that comes by itself makes a waiting request needless; asked on and on, below the limit of requests, one is sent.
    await until('a request', async () => {
      await egress.request('consumer.requestKeyFrame', { consumerId: first.consumerId });
      await delay(250);
      return (await sentSince()) >= 1;
    });
    expect(await sfu.metric('maydan_sfu_key_frames_asked_total')).toBeGreaterThanOrEqual(41);
    expect(await sentSince()).toBeLessThanOrEqual(Math.ceil((Date.now() - startedAt) / 1_000) + 1);
  });
});

describe('the node', () => {
  it('says that it is there with its rooms, and goes in order', async () => {
    const sfu = await start();
    const sessionId = randomUUID();
    const host = await sfu.join({ sessionId });
    const keys = () => sfu.redis.get(`maydan:sfu:nodes:${sfu.running.nodeId}`);
    let said = '';
    await until('the room in the registry', async () => (said = (await keys()) ?? '').includes(sessionId));
    expect(JSON.parse(said)).toMatchObject({ publicPort: sfu.running.httpPort, load: 0 });
    await host.request('room.leave', {});
    await until('the room gone', async () => !((await keys()) ?? '').includes(sessionId));
  });
});
