import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { quickest } from '../../../tests/support/quickest.ts';
import { childrenOf, portsOf } from '../testing/portsOf.ts';
import { until } from '../testing/until.ts';
import { MeshStand, send } from './testing/MeshStand.ts';
import type { NodeProcess } from './testing/NodeProcess.ts';
import { sees } from './testing/stageAt.ts';
import { Voice } from './testing/Voice.ts';

let stand: MeshStand;
let a: NodeProcess;
let b: NodeProcess;

/** Ports of each, narrower than by default. */
const ranges = { a: { min: 41_000, max: 41_399 }, b: { min: 43_000, max: 43_399 } };
const rangeEnv = ({ min, max }: (typeof ranges)['a']): NodeJS.ProcessEnv => ({
  SFU_RTC_MIN_PORT: String(min),
  SFU_RTC_MAX_PORT: String(max),
});

beforeAll(async () => {
  stand = await MeshStand.start();
  [a, b] = await Promise.all([
    stand.node('node-a', { env: rangeEnv(ranges.a) }),
    stand.node('node-b', { env: rangeEnv(ranges.b) }),
  ]);
});
afterAll(() => stand.close());

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('a room on two nodes', () => {
  it('carries pictures and sound both ways, each over one pipe however many receive it', async () => {
    const sessionId = randomUUID();
    const ingressA = await stand.join(a, { sessionId, role: 'ingress' });
    const [sourceA, egressB] = [
      await stand.publish(ingressA),
      await stand.join(b, { sessionId, role: 'egress' }),
    ];
    await sees(egressB, { peerIds: [ingressA.peerId], producerIds: [sourceA.videoId, sourceA.audioId] });
    // Who comes later sees at once who is on the other node.
    const second = await stand.join(b, { sessionId, role: 'egress' });
    expect(second.room?.peers.map(({ peerId }) => peerId)).toEqual([ingressA.peerId]);
    expect(second.room?.producers.map(({ producerId }) => producerId).sort()).toEqual(
      [sourceA.videoId, sourceA.audioId].sort(),
    );
    const [pictures, again, sound] = [
      await stand.decode(egressB, sourceA.videoId),
      await stand.receive(second, sourceA.videoId),
      await stand.receive(second, sourceA.audioId),
    ];
    await Promise.all([pictures.more(30), again.more(30), sound.more(50)]);
    expect(await b.metric('maydan_sfu_pipes', 'in')).toBe(2);
    expect(await a.metric('maydan_sfu_pipes', 'out')).toBe(2);
    for (const [node, { min, max }] of [[a, ranges.a] as const, [b, ranges.b] as const]) {
      const ports = childrenOf(node.pid).flatMap(portsOf);
      // WebRTC by UDP and TCP, the two pipes and plain RTP to or from somebody.
      expect(ports.length).toBeGreaterThanOrEqual(2 + 2 + 1);
      expect(ports.filter((port) => port < min || port > max)).toEqual([]);
    }

    const ingressB = await stand.join(b, { sessionId, role: 'ingress' });
    const egressA = await stand.join(a, { sessionId, role: 'egress' });
    const sourceB = await stand.publish(ingressB);
    await ingressA.event('peer.joined', ({ peer }) => peer.peerId === ingressB.peerId);
    await egressA.event('producer.added', ({ producer }) => producer.producerId === sourceB.videoId);
    await (await stand.decode(egressA, sourceB.videoId)).more(30);
  });

  it('asks the sender for key frames', async () => {
    const sessionId = randomUUID();
    const ingress = await stand.join(a, { sessionId, role: 'ingress' });
    const source = await stand.publish(ingress, 'vp8');
    const egress = await stand.join(b, { sessionId, role: 'egress' });
    const before = await a.metric('maydan_sfu_key_frames_sent_total');
    const sink = await stand.receive(egress, source.videoId);
    await sink.more(10);
    await until('a key frame to be asked for', async () => {
      await egress.request('consumer.requestKeyFrame', { consumerId: sink.consumerId });
      // Below the limit of requests, however long it takes.
      await delay(250);
      return (await a.metric('maydan_sfu_key_frames_sent_total')) > before;
    });
  });

  it('closes the pipe of a picture that nobody looks at', async () => {
    const sessionId = randomUUID();
    const ingress = await stand.join(a, { sessionId, role: 'ingress' });
    const source = await stand.publish(ingress);
    const egress = await stand.join(b, { sessionId, role: 'egress' });
    const sink = await stand.receive(egress, source.videoId);
    await sink.more(10);
    const pipes = (): Promise<number[]> =>
      Promise.all([b.metric('maydan_sfu_pipes', 'in'), a.metric('maydan_sfu_pipes', 'out')]);
    const [withVideo = 0] = await pipes();
    await egress.request('consumer.close', { consumerId: sink.consumerId });
    // The group of pictures is kept for 10 s for who comes next, the pipe for 5 s more.
    await until('the pipe to be closed', async () => (await pipes())[0] === withVideo - 1);
    await until('its other end to be closed', async () => (await pipes())[1] === (await pipes())[0]);
    // It is made again for who comes next.
    await (await stand.receive(egress, source.videoId)).more(10);
  });

  it('shows pauses, mutes by the host, ends and leavings, and who speaks', async () => {
    const sessionId = randomUUID();
    const viewer = await stand.join(b, { sessionId, role: 'viewer' });
    const host = await stand.join(a, { sessionId });
    const { peer } = await viewer.event('peer.joined');
    expect(peer).toMatchObject({ peerId: host.peerId, displayName: 'Somebody', role: 'host' });
    const producerId = await send(host, 'microphone');
    await viewer.event('producer.added', ({ producer }) => producer.producerId === producerId);
    await host.request('producer.pause', { producerId });
    await viewer.event('producer.changed', ({ pausedBy }) => pausedBy === 'owner');
    const whom = { peerId: host.peerId };
    await stand.command({ type: 'mutePeer', sessionId, whom, source: 'microphone', muted: true });
    await viewer.event('producer.changed', ({ pausedBy }) => pausedBy === 'host');
    await expect(host.request('producer.resume', { producerId })).rejects.toEqual(code('forbidden'));
    await host.request('producer.close', { producerId });
    await viewer.event('producer.removed', (removed) => removed.producerId === producerId);
    await host.request('room.leave', {});
    expect(await viewer.event('peer.left')).toEqual({ peerId: host.peerId, reason: 'left' });

    const voice = await Voice.start(await stand.join(a, { sessionId, role: 'ingress' }));
    stand.own(() => voice.close());
    await viewer.event('speaker.changed', ({ peerId }) => peerId === voice.peerId);
    await viewer.event('speaker.levels', ({ levels }) =>
      levels.some(({ peerId }) => peerId === voice.peerId),
    );
    // Who comes later is told by the answer to the join, on any node that knows of it.
    const told = { speaker: voice.peerId, levels: [{ peerId: voice.peerId, dBov: -20 }] };
    for (const node of [a, b]) {
      await until('a join that tells who speaks', async () => {
        const { room } = await stand.join(node, { sessionId, role: 'viewer' });
        return isDeepStrictEqual({ speaker: room?.speaker, levels: room?.levels }, told);
      });
    }
  });

  it('hears who does not say how loud they are, as OBS, on both', async () => {
    const sessionId = randomUUID();
    const viewers = [
      await stand.join(a, { sessionId, role: 'viewer' }),
      await stand.join(b, { sessionId, role: 'viewer' }),
    ];
    const ingress = await stand.join(a, { sessionId, role: 'ingress' });
    // A sine of ffmpeg, in stereo 24 dB below overload, without the header extension of RFC 6464.
    await stand.publish(ingress);
    for (const viewer of viewers) {
      await viewer.event('speaker.changed', ({ peerId }) => peerId === ingress.peerId);
      await viewer.event('speaker.levels', ({ levels }) =>
        levels.some(({ peerId, dBov }) => peerId === ingress.peerId && Math.abs(dBov + 24) <= 1),
      );
    }
  });

  it('keeps somebody muted who goes on with another node', async () => {
    const sessionId = randomUUID();
    const userId = randomUUID();
    const host = await stand.join(a, { sessionId });
    const cohost = await stand.join(a, { sessionId, role: 'cohost', userId });
    const first = await send(cohost, 'microphone');
    const mute = { type: 'mutePeer', sessionId, whom: { userId }, source: null, muted: true } as const;
    await stand.command(mute);
    await host.event(
      'producer.changed',
      ({ producerId, pausedBy }) => producerId === first && pausedBy === 'host',
    );
    await sees(await stand.join(b, { sessionId, role: 'viewer' }), { producerIds: [first] });
    const moved = await stand.join(b, { sessionId, role: 'cohost', userId, peerId: cohost.peerId });
    // One person is on one node: the older connection goes, and nobody else is told that they left for good.
    expect(await cohost.event('room.closed')).toEqual({ reason: 'takenOver' });
    const second = await send(moved, 'microphone');
    const { producer } = await host.event('producer.added', (added) => added.producer.producerId === second);
    expect(producer).toMatchObject({ pausedBy: 'host', peerId: cohost.peerId });
    expect(host.all('producer.removed').map(({ producerId }) => producerId)).toEqual([first]);
    await stand.command({ ...mute, muted: false });
    await host.event(
      'producer.changed',
      ({ producerId, pausedBy }) => producerId === second && pausedBy === 'owner',
    );
  });

  it('removes somebody of another node, and counts who watches on all of them', async () => {
    const sessionId = randomUUID();
    const ingress = await stand.join(a, { sessionId, role: 'ingress' });
    const viewer = await stand.join(b, { sessionId, role: 'viewer', userId: randomUUID() });
    await ingress.event('room.audience', ({ viewers }) => viewers === 1);
    const cohost = await stand.join(a, { sessionId, role: 'cohost' });
    await ingress.event('room.audience', ({ viewers }) => viewers === 2);
    await stand.command({
      type: 'removePeer',
      sessionId,
      whom: { peerId: cohost.peerId },
      reason: 'removed',
    });
    expect(await viewer.event('peer.left', ({ peerId }) => peerId === cohost.peerId)).toMatchObject({
      reason: 'removed',
    });
    viewer.socket.emit('room.leave', {});
    await until('the audience to be gone', () => ingress.all('room.audience').at(-1)?.viewers === 0);
  });

  it('holds the limits of the stage over both', async () => {
    const sessionId = randomUUID();
    const join = (index: number) =>
      stand.join(index % 2 === 0 ? a : b, { sessionId, role: 'cohost', displayName: `${index}` });
    const people = [];
    for (let index = 0; index < 20; index++) people.push(await join(index));
    const peerIds = people.map(({ peerId }) => peerId);
    for (const person of people.slice(0, 2))
      await sees(person, { peerIds: peerIds.filter((id) => id !== person.peerId) });
    for (const index of [20, 21]) await expect(join(index)).rejects.toEqual(code('conflict'));
    for (const person of people.slice(0, 8)) {
      const producerId = await send(person, 'camera');
      for (const other of people.slice(8, 10))
        await other.event('producer.added', ({ producer }) => producer.producerId === producerId);
    }
    for (const person of people.slice(8, 10)) {
      await expect(send(person, 'camera')).rejects.toEqual(code('conflict'));
    }
  });

  it('is sent in clear only between nodes that are both set to', async () => {
    const plain = await stand.node('node-plain', { env: { SFU_PIPE_SRTP: 'false' } });
    const sessionId = randomUUID();
    const source = await stand.publish(await stand.join(a, { sessionId, role: 'ingress' }));
    const egress = await stand.join(plain, { sessionId, role: 'egress' });
    await expect(stand.receive(egress, source.videoId)).rejects.toEqual(code('forbidden'));
    const other = await stand.publish(await stand.join(plain, { sessionId, role: 'ingress' }));
    const watching = await stand.join(a, { sessionId, role: 'egress' });
    await (await stand.receive(watching, other.videoId)).more(20);
    await plain.stop('SIGTERM');
  });
});

describe('a node that is gone', () => {
  it('is missed by the others within its heartbeat when it is killed, and takes its people to them', async () => {
    const kill = async () => {
      const doomed = await stand.node('node-doomed');
      const sessionId = randomUUID();
      const host = await stand.join(doomed, { sessionId });
      const producerId = await send(host, 'microphone');
      const viewer = await stand.join(b, { sessionId, role: 'viewer' });
      await sees(viewer, { producerIds: [producerId] });
      const killedAtMs = Date.now();
      await doomed.stop('SIGKILL');
      await viewer.event('producer.removed', (removed) => removed.producerId === producerId);
      expect(await viewer.event('peer.left')).toEqual({ peerId: host.peerId, reason: 'lost' });
      return { tookMs: Date.now() - killedAtMs, sessionId, host, viewer };
    };
    const { tookMs, sessionId, host, viewer } = await quickest(kill, 5_000);
    expect(tookMs).toBeLessThan(5_000);
    const back = await stand.join(b, { sessionId, peerId: host.peerId });
    await viewer.event('peer.joined', ({ peer }) => peer.peerId === back.peerId);
    const again = await send(back, 'microphone');
    await viewer.event('producer.added', ({ producer }) => producer.producerId === again);
  });

  it('says so when it is ended as usual', async () => {
    const leaving = await stand.node('node-leaving');
    const sessionId = randomUUID();
    const host = await stand.join(leaving, { sessionId });
    const viewer = await stand.join(a, { sessionId, role: 'viewer' });
    await sees(viewer, { peerIds: [host.peerId] });
    await leaving.stop('SIGTERM');
    expect(await viewer.event('peer.left')).toEqual({ peerId: host.peerId, reason: 'roomLost' });
  });
});

describe('Redis that is gone and comes back', () => {
  it('takes nobody off the stage', async () => {
    const sessionId = randomUUID();
    const source = await stand.publish(await stand.join(a, { sessionId, role: 'ingress' }));
    const host = await stand.join(a, { sessionId });
    const egress = await stand.join(b, { sessionId, role: 'egress' });
    const sink = await stand.receive(egress, source.videoId);
    // Longer than a node's state is kept.
    await stand.restartRedis(() => sink.more(150));
    const producerId = await send(host, 'microphone');
    await egress.event('producer.added', ({ producer }) => producer.producerId === producerId);
    await sink.more(80);
    expect([egress.all('peer.left'), egress.all('producer.removed')]).toEqual([[], []]);
  });
});

describe('the routes between nodes', () => {
  it('are for nodes only', async () => {
    const path = `${a.url}/internal/rooms/${randomUUID()}/pipes`;
    for (const authorization of ['', 'Bearer nonsense']) {
      const response = await fetch(path, { method: 'POST', headers: { authorization }, body: '{}' });
      expect(response.status).toBe(401);
    }
  });
});
