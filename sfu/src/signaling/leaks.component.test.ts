import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

const MB = 1_048_576;

/** Bytes of memory in use by this process, after what is not reachable was freed. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc === 'function') for (let times = 0; times < 3; times++) Reflect.apply(gc, undefined, []);
  return process.memoryUsage().heapUsed;
}

function filesOf(pid: number | 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function memoryOf(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return pages * 4_096;
}

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

async function left(): Promise<unknown> {
  const workers = sfu.running.pool.workers;
  const dumps = await Promise.all(workers.map(({ webRtcServer }) => webRtcServer.dump()));
  const routers = await Promise.all(workers.map(({ worker }) => worker.dump()));
  return {
    counts: workers.map(({ counts }) => ({ ...counts })),
    transports: dumps.flatMap(({ webRtcTransportIds }) => webRtcTransportIds),
    routers: routers.flatMap(({ routerIds }) => routerIds),
    connections: sfu.running.signaling.connections,
  };
}

it('has nothing left of 100 visits: transports, ports, files and memory are back where they were', async () => {
  const { pool } = sfu.running;
  const figures = () => ({
    heap: heapUsed(),
    files: filesOf('self'),
    workerFiles: pool.workers.map(({ pid }) => filesOf(pid)),
    workerMemory: pool.workers.reduce((sum, { pid }) => sum + memoryOf(pid), 0),
  });
  await visits(15);
  const nothing = { routers: 0, transports: 0, producers: 0, consumers: 0 };
  const empty = { counts: [nothing, nothing], transports: [], routers: [], connections: 0 };
  await until('nothing to be left', async () => isDeepStrictEqual(await left(), empty));
  const before = figures();
  await visits(100);
  await until('nothing to be left', async () => isDeepStrictEqual(await left(), empty));
  // Sockets of plain RTP, pipes and connections are files.
  await until('the files of before', () => {
    const now = figures();
    return (
      now.files <= before.files && JSON.stringify(now.workerFiles) === JSON.stringify(before.workerFiles)
    );
  });
  const after = figures();
  // Three peers a visit: a peer that stayed would cost more than this share of it.
  expect((after.heap - before.heap) / MB).toBeLessThan(3);
  expect((after.workerMemory - before.workerMemory) / MB).toBeLessThan(5);
}, 400_000);
