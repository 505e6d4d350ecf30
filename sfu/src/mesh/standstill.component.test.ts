import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sfuNodeKey } from '@maydan/contracts';
import { quickest } from '../../../tests/support/quickest.ts';
import { factsIn } from '../testing/factsIn.ts';
import { until } from '../testing/until.ts';
import { MeshStand, send } from './testing/MeshStand.ts';
import type { NodeProcess } from './testing/NodeProcess.ts';
import { sees, stageAt } from './testing/stageAt.ts';

let stand: MeshStand;
let slow: NodeProcess;
let b: NodeProcess;

beforeAll(async () => {
  stand = await MeshStand.start();
  // Whose connection is lost meanwhile comes back to what they have.
  const patient = { SFU_PEER_GRACE_MS: '120000' };
  [slow, b] = await Promise.all([stand.node('node-slow', { env: patient }), stand.node('node-b')]);
});
afterAll(() => stand.close());

describe('a node that stands still', () => {
  it('keeps its people for some seconds', async () => {
    const sessionId = randomUUID();
    const host = await stand.join(slow, { sessionId });
    const other = await stand.join(b, { sessionId, role: 'viewer' });
    await sees(other, { peerIds: [host.peerId] });
    const isThere = async () => (await stand.redis.exists(sfuNodeKey(slow.nodeId))) === 1;
    const standStill = async () => {
      const before = other.events.length;
      const beganAtMs = Date.now();
      const goOn = slow.suspend();
      try {
        await until('its key to be gone', async () => !(await isThere()));
        // The other one looks each second.
        await delay(1_500);
      } finally {
        goOn();
      }
      const tookMs = Date.now() - beganAtMs;
      const late = await stand.join(slow, { sessionId, role: 'cohost' });
      await sees(other, { peerIds: [late.peerId] });
      return { tookMs, left: other.events.slice(before).filter(({ name }) => name === 'peer.left') };
    };
    expect((await quickest(standStill, 6_500)).left).toEqual([]);
  });

  it('is one of them again when it goes on, after they had given it up, and receives what they send', async () => {
    const sessionId = randomUUID();
    const pipesBefore = await b.metric('maydan_sfu_pipes', 'out');
    const there = await stand.publish(await stand.join(b, { sessionId, role: 'ingress' }), 'vp8');
    const here = await stand.publish(await stand.join(slow, { sessionId, role: 'ingress' }), 'vp8');
    const host = await stand.join(slow, { sessionId });
    const microphone = await send(host, 'microphone');
    const onSlow = { sessionId, role: 'egress', peerId: randomUUID() } as const;
    const egress = await stand.join(slow, onSlow);
    const other = await stand.join(b, { sessionId, role: 'egress' });
    await sees(other, { producerIds: [here.videoId, microphone] });
    await (await stand.receive(other, here.videoId)).more(10);
    await (await stand.receive(egress, there.videoId)).more(10);

    const toldTwice = async (): Promise<boolean> => {
      const facts = (await factsIn(stand.redis)).filter(
        (fact) => 'nodeId' in fact && fact.nodeId === slow.nodeId,
      );
      return ['stage.peerJoined', 'stage.started'].every(
        (type) => facts.filter((fact) => fact.type === type).length > 1,
      );
    };
    const suspendedAtMs = Date.now();
    const goOn = slow.suspend();
    try {
      await until('nobody of it', () => {
        const { peerIds, producerIds } = stageAt(other);
        return !peerIds.has(host.peerId) && !producerIds.has(here.videoId) && !producerIds.has(microphone);
      });
      // A pipe is taken for one that is just being made while it is younger than 5 s.
      await until('no pipe to it', async () => (await b.metric('maydan_sfu_pipes', 'out')) <= pipesBefore);
      await delay(suspendedAtMs + 9_000 - Date.now());
    } finally {
      goOn();
    }
    await sees(other, { peerIds: [host.peerId], producerIds: [here.videoId, microphone] });
    await (await stand.receive(other, here.videoId)).more(10);
    // The api may have forgotten them.
    await until('the facts again', toldTwice);
    const again = await stand.join(slow, onSlow);
    expect(again.room?.resumed).toBe(true);
    for (const producerId of [there.audioId, there.videoId]) {
      await until('what the others send', async () => {
        const sink = await stand.receive(again, producerId);
        // Of a picture mediasoup keeps up to a group, 15 packets here, for whoever comes.
        await until('more than was kept', () => sink.packets >= 40, 5_000).catch(() => undefined);
        return sink.packets >= 40;
      });
    }
  });
});
