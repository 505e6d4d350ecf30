import { randomUUID } from 'node:crypto';
import { figuresOf, hasFilesOf, holdsNothing, MB } from '../testing/leaks.ts';
import { h264Parameters, opusParameters } from '../testing/rtp.ts';
import { TestSfu } from '../testing/TestSfu.ts';
import { until } from '../testing/until.ts';

let sfu: TestSfu;
beforeAll(async () => {
  sfu = await TestSfu.start({ SFU_WORKERS: '2', SFU_CONSUMERS_PER_WORKER: '2', SFU_PEER_GRACE_MS: '50' });
});
afterAll(async () => {
  await sfu?.close();
});

/** Somebody sends, others receive on both Workers; one leaves properly, the others just vanish. */
async function visit(): Promise<void> {
  const sessionId = randomUUID();
  const ingress = await sfu.join({ sessionId, role: 'ingress' });
  const { transportId } = await ingress.request('transport.createPlain', { direction: 'send', remote: null });
  const produced = await Promise.all([
    ingress.request('producer.create', {
      ...{ transportId, kind: 'audio', source: 'microphone' },
      rtpParameters: opusParameters(),
    }),
    ingress.request('producer.create', {
      ...{ transportId, kind: 'video', source: 'camera' },
      rtpParameters: h264Parameters(),
    }),
  ]);
  const viewers = [
    await sfu.join({ sessionId, role: 'viewer' }),
    await sfu.join({ sessionId, role: 'viewer' }),
  ];
  for (const viewer of viewers) {
    const { transportId: to } = await viewer.request('transport.create', { direction: 'receive' });
    const { rtpCapabilities } = viewer.room!;
    for (const { producerId } of produced) {
      const input = { transportId: to, producerId, rtpCapabilities };
      const { consumerId } = await viewer.request('consumer.create', input);
      await viewer.request('consumer.resume', { consumerId });
    }
  }
  expect(sfu.running.rooms.find(sessionId)?.workerCount).toBe(2);
  await viewers[0]!.request('room.leave', {});
  viewers[1]!.close();
  ingress.close();
}

async function visits(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await visit();
    await until('empty rooms', () => sfu.running.rooms.all.length === 0);
  }
}

it('has nothing left of 100 visits: transports, ports, files and memory are back where they were', async () => {
  const { pool, signaling } = sfu.running;
  const isEmpty = async () => signaling.connections === 0 && (await holdsNothing(pool));
  await visits(15);
  await until('nothing to be left', isEmpty);
  const before = figuresOf(pool);
  await visits(100);
  await until('nothing to be left', isEmpty);
  await until('the files of before', () => hasFilesOf(before, figuresOf(pool)));
  const after = figuresOf(pool);
  // Three peers a visit: a peer that stayed would cost more than this share of it.
  expect((after.heap - before.heap) / MB).toBeLessThan(3);
  expect((after.workerMemory - before.workerMemory) / MB).toBeLessThan(5);
}, 400_000);
