import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, type Redis } from '@maydan/common';
import { playbackKeys } from '@maydan/contracts';
import { startRedis, waitUntil, type EmbeddedRedis } from '@maydan/infra';
import { LiveWindow } from '../origin/LiveWindow.ts';
import { ObjectStore } from '../storage/ObjectStore.ts';
import { Playbacks } from './Playbacks.ts';

const log = createLogger('test', 'silent');
const own = 'http://127.0.0.1:8090';

describe('Playbacks', () => {
  let folder: string;
  let server: EmbeddedRedis;
  let redis: Redis;
  let playbacks: Playbacks;
  // Nobody listens there; nothing is opened in these tests.
  const store = new ObjectStore({
    endpoint: 'http://127.0.0.1:9',
    region: 'us-east-1',
    accessKeyId: 'a',
    secretAccessKey: 'b',
    bucket: 'maydan',
    forcePathStyle: true,
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-playbacks-'));
    server = await startRedis({ dir: folder });
    redis = createRedis(server.url, log, { maxWaitMs: 4_000 });
    playbacks = new Playbacks({ redis, store, originUrl: () => own });
  }, 30_000);
  afterAll(async () => {
    store.close();
    redis?.disconnect();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });
  const place = async (id: string) => playbacks.find(id);

  it('finds a window of this process without asking', () => {
    const window = new LiveWindow({ dvrWindowSec: 60, older: { open: () => Promise.resolve(null) } });
    playbacks.add('here', window);
    expect(playbacks.find('here')).toBe(window);
    playbacks.remove('here', new LiveWindow({ dvrWindowSec: 60, older: window.older }));
    expect(playbacks.find('here')).toBe(window);
    playbacks.remove('here', window);
    expect(playbacks.find('here')).toBeInstanceOf(Promise);
  });

  it('sends to the origin that has it, soon to another one', async () => {
    await redis.set(playbackKeys.origin('there'), 'http://10.0.0.2:8090');
    expect(await place('there')).toEqual({ proxyTo: 'http://10.0.0.2:8090' });
    await redis.set(playbackKeys.origin('there'), 'http://10.0.0.3:8090');
    const moved = async () => JSON.stringify(await place('there')).includes('10.0.0.3');
    await waitUntil('the new origin', moved, 30_000);
  });

  it('asks for patience when this process is about to take it up again', async () => {
    await redis.set(playbackKeys.origin('soon'), own);
    await expect(place('soon')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('gives the recording of what is not live, also while Redis is away', async () => {
    expect(await place('over')).toHaveProperty('stored');
    await server.close();
    expect(await place('other')).toHaveProperty('stored');
  });
});
