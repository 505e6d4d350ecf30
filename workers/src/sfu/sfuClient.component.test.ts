import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { announceSfuNode, createLogger, createRedis, type Redis } from '@maydan/common';
import { sfuNodeKey, type SfuNode } from '@maydan/contracts';
import { startRedis, startSilentServer, waitUntil } from '@maydan/infra';
import { SfuProcess } from '../forward/testing/SfuProcess.ts';
import { NodeWatch } from './NodeWatch.ts';
import { SfuClient } from './SfuClient.ts';

const log = createLogger('test', 'silent');
const secret = randomUUID() + randomUUID();
const closes: (() => unknown)[] = [];
let redis: Redis;
/** A node whose machine is gone and that Redis still knows: its key is kept, as old as it can be. */
let lost: SfuNode;
const sessionId = randomUUID();

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'maydan-sfu-client-'));
  closes.push(() => rm(dir, { recursive: true, force: true }));
  const server = await startRedis({ dir });
  closes.push(() => server.close());
  redis = createRedis(server.url, log);
  closes.push(() => redis.disconnect());
  const silent = await startSilentServer();
  closes.push(() => silent.close());
  const internalUrl = `http://127.0.0.1:${silent.port}`;
  lost = { nodeId: 'lost', publicUrl: null, publicPort: 1, internalUrl, load: 0, rooms: [sessionId] };
  const keep = () => redis.set(sfuNodeKey(lost.nodeId), JSON.stringify(lost), 'PX', 1_400);
  await announceSfuNode(redis, lost);
  await keep();
  const timer = setInterval(() => void keep(), 200);
  closes.push(() => clearInterval(timer));
  const sfu = await SfuProcess.start({ redisUrl: server.url, secret });
  closes.push(() => sfu.kill());
}, 60_000);
afterAll(async () => {
  for (const close of closes.reverse()) await close();
}, 30_000);

describe('a node of the sfu whose machine is gone without a word', () => {
  it('is left while it is still named', async () => {
    let gone = 0;
    const watch = new NodeWatch(redis, lost, () => (gone += 1));
    closes.push(() => watch.close());
    await waitUntil('the word that it is gone', () => gone > 0, 30_000);
    expect(gone).toBe(1);
  }, 40_000);

  it('is not joined while another is there', async () => {
    const options = { redis, secret, sessionId, sessionType: 'video', role: 'viewer', log } as const;
    const client = await SfuClient.join({ ...options, peerId: randomUUID() });
    expect(client.node.nodeId).not.toBe(lost.nodeId);
    await client.leave();
  }, 40_000);
});
