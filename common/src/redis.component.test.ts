import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { factStream, jobs, sfuNodeKey, sfuNodesKey, type FactOf, type SfuNode } from '@maydan/contracts';
import { freePort, startRedis, startSilentServer, waitUntil, type EmbeddedRedis } from '@maydan/infra';
import {
  announceSfuNode,
  createLogger,
  createRedis,
  FactWriter,
  isSfuNodeGone,
  JobProducer,
  listSfuNodes,
  runJobs,
  withdrawSfuNode,
  type Redis,
} from './index.ts';

const logger = createLogger('test', 'silent');
const fact = (index: number): FactOf<'live.sourceLost'> => ({
  type: 'live.sourceLost',
  sessionId: '0198c0de-0000-7000-8000-000000000001',
  at: new Date(1_795_000_000_000 + index).toISOString(),
  epoch: 1,
  fence: 1,
  reason: `r${index}`,
});

describe('what services share over a real Redis', () => {
  let dir: string;
  let server: EmbeddedRedis;
  const open: Redis[] = [];
  const connect = (options?: Parameters<typeof createRedis>[2]): Redis => {
    const redis = createRedis(server.url, logger, options);
    open.push(redis);
    return redis;
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'maydan-common-'));
    server = await startRedis({ dir });
  });
  afterAll(async () => {
    for (const redis of open) redis.disconnect();
    await server.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('keeps every fact, in order, while Redis is killed and comes back', async () => {
    const redis = connect({ maxWaitMs: 500 });
    const writer = new FactWriter(redis, logger);
    for (let index = 0; index < 50; index++) writer.append(fact(index));
    await writer.flush();
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    for (let index = 50; index < 100; index++) writer.append(fact(index));
    server = await startRedis({ dir });
    await writer.flush(60_000);
    const reader = connect();
    const entries = await reader.xrange(factStream, '-', '+');
    const reasons = entries.map(([, fields]) => (JSON.parse(fields[1] ?? '{}') as { reason: string }).reason);
    // What was sent in the last second before the kill may be gone with Redis's own buffer; what isn't answered in time comes twice.
    const kept = [...new Set(reasons.slice(reasons.indexOf('r50')))];
    expect(kept).toEqual(Array.from({ length: 50 }, (_, index) => `r${index + 50}`));
    await writer.close();
  });

  it('refuses a fact that its schema does not know', () => {
    const writer = new FactWriter(connect(), logger);
    expect(() => writer.append({ ...fact(1), epoch: 0 })).toThrow();
  });

  it('runs a job once with parsed data, however often it is added while it waits', async () => {
    const connection = connect({ maxWaitMs: null });
    const producer = new JobProducer(connection);
    const data = { sessionId: '0198c0de-0000-7000-8000-000000000002', playbackId: 'a'.repeat(20) };
    for (let count = 0; count < 3; count++)
      await producer.add('live.transcode', data, { jobId: data.sessionId });
    const seen: unknown[] = [];
    const worker = runJobs('live.transcode', (given) => Promise.resolve(void seen.push(given)), {
      connection,
      logger,
    });
    await waitUntil('the job', () => seen.length > 0, 60_000);
    const queue = producer.queue('live.transcode');
    await waitUntil(
      'the end of the job',
      async () => (await queue.getJobCounts('active', 'waiting', 'completed')).active === 0,
      60_000,
    );
    expect(seen).toEqual([data]);
    expect(jobs['live.transcode'].queue).toBe('live');
    await worker.close();
    await producer.close();
  });

  it('knows the nodes of the sfu that are there, and forgets those that went or fell silent', async () => {
    const redis = connect();
    const node = (nodeId: string): SfuNode => ({
      nodeId,
      publicUrl: null,
      publicPort: 8082,
      internalUrl: 'http://127.0.0.1:8082',
      load: 0,
      rooms: [],
    });
    for (const nodeId of ['b', 'a', 'c']) {
      const isSaid = async (): Promise<boolean> => {
        await announceSfuNode(redis, node(nodeId));
        return (await redis.pexpire(sfuNodeKey(nodeId), 600_000, 'GT')) === 1;
      };
      // For longer than three seconds, for which this machine may stand still.
      await waitUntil('the node', isSaid, 60_000);
    }
    await redis.set(sfuNodeKey('odd'), '{"of":"another version"}');
    await redis.sadd(sfuNodesKey, 'odd');
    expect((await listSfuNodes(redis)).map(({ nodeId }) => nodeId)).toEqual(['a', 'b', 'c']);
    await withdrawSfuNode(redis, 'c');
    await redis.del(sfuNodeKey('b'));
    expect(await listSfuNodes(redis)).toEqual([node('a')]);
    expect((await redis.smembers(sfuNodesKey)).sort()).toEqual(['a', 'odd']);
  });

  it('takes a node of the sfu for gone that refuses, or neither announces itself nor answers; no other', async () => {
    const redis = connect();
    const silent = await startSilentServer();
    const listening = createServer().listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const isGone = async (port: number, ttlMs: number): Promise<boolean> => {
      const node = { nodeId: `on-${port}`, internalUrl: `http://127.0.0.1:${port}` };
      await redis.set(sfuNodeKey(node.nodeId), '{}', 'PX', ttlMs);
      return isSfuNodeGone(redis, node);
    };
    try {
      expect(await isGone(await freePort(), 60_000)).toBe(true);
      expect(await isGone(silent.port, 1_000)).toBe(true);
      // Out of our reach alone; one that stands still, whose kernel answers for it.
      expect(await isGone(silent.port, 60_000)).toBe(false);
      expect(await isGone((listening.address() as AddressInfo).port, 1_000)).toBe(false);
    } finally {
      silent.close();
      listening.close();
    }
  });
});
