import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, type Redis } from '@maydan/common';
import { controlKey, playbackKeys, type ControlDocument } from '@maydan/contracts';
import { startRedis, waitUntil, type EmbeddedRedis } from '@maydan/infra';
import { ControlChannel, ControlWatcher, isNewer } from './ControlWatcher.ts';
import { Fence, FenceLostError } from './Fence.ts';
import { Ownership } from './Ownership.ts';

const log = createLogger('test', 'silent');
const sessionId = '2f0c7c4e-6c0e-4d3a-9a52-0d6a3c6f8c11';
const document = (change: Partial<ControlDocument>): ControlDocument => ({
  sessionId,
  playbackId: 'abcdefgh12345678',
  desired: 'run',
  stopReason: null,
  epoch: 1,
  source: null,
  rtmp: null,
  stageLayout: 'grid',
  dropRtmpBelow: 0,
  graceDeadlineAt: null,
  revision: 1,
  updatedAt: '2026-01-01T00:00:00.000Z',
  ...change,
});

describe('runs of a playback', () => {
  let folder: string;
  let server: EmbeddedRedis;
  let redis: Redis;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-fence-'));
    server = await startRedis({ dir: folder });
    redis = createRedis(server.url, log);
  }, 30_000);
  afterAll(async () => {
    redis?.disconnect();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('only the newest one writes what all share', async () => {
    const older = await Fence.take(redis, 'p1');
    await older.write('RPUSH', 'list', 'a');
    const newer = await Fence.take(redis, 'p1');
    expect(newer.value).toBe(older.value + 1);
    await expect(older.write('RPUSH', 'list', 'b')).rejects.toBeInstanceOf(FenceLostError);
    await newer.write('RPUSH', 'list', 'c');
    expect(await redis.lrange('list', 0, -1)).toEqual(['a', 'c']);
    expect([await older.holds(), await newer.holds()]).toEqual([false, true]);
    await expect(older.check()).rejects.toBeInstanceOf(FenceLostError);
  });

  it('keeps its number when Redis forgot it in a crash', async () => {
    await Fence.take(redis, 'p2');
    const fence = await Fence.take(redis, 'p2');
    await redis.set(playbackKeys.fence('p2'), '1');
    expect(await fence.holds()).toBe(true);
    expect((await Fence.take(redis, 'p2')).value).toBe(fence.value + 1);
  });

  it('names its origin until it closes or a newer run takes over', async () => {
    let lost = 0;
    const first = await Ownership.create({
      fence: await Fence.take(redis, 'p3'),
      originUrl: 'http://first',
      log,
      onLost: () => (lost += 1),
    });
    expect(await redis.get(playbackKeys.origin('p3'))).toBe('http://first');
    expect(await redis.pttl(playbackKeys.origin('p3'))).toBeGreaterThan(1_000);
    const second = await Ownership.create({
      fence: await Fence.take(redis, 'p3'),
      originUrl: 'http://second',
      log,
      onLost: () => undefined,
    });
    await waitUntil('the older run hears of the newer one', () => lost === 1, 30_000);
    await first.close();
    expect(await redis.get(playbackKeys.origin('p3'))).toBe('http://second');
    await second.close();
    expect(await redis.get(playbackKeys.origin('p3'))).toBeNull();
  }, 60_000);

  it('hears of a new control document at once, and without an announcement too', async () => {
    const subscriber = createRedis(server.url, log);
    const seen: ControlDocument[] = [];
    await redis.set(controlKey(sessionId), JSON.stringify(document({})));
    const watcher = await ControlWatcher.create({
      sessionId,
      redis,
      channel: new ControlChannel(subscriber),
      log,
      onChange: (next) => seen.push(next),
    });
    expect(seen).toHaveLength(1);
    await waitUntil(
      'the subscription',
      async () =>
        (await redis.publish(controlKey(sessionId), JSON.stringify(document({ epoch: 2, revision: 2 })))) > 0,
      30_000,
    );
    await waitUntil('the announced document', () => watcher.current?.epoch === 2, 30_000);
    await redis.publish(controlKey(sessionId), 'nonsense');
    await redis.set(controlKey(sessionId), JSON.stringify(document({ epoch: 3, revision: 3 })));
    await waitUntil('the polled document', () => watcher.current?.epoch === 3, 30_000);
    // Of a process whose clock is behind, and what the one before it wrote, which comes late.
    const behind = document({ epoch: 4, revision: 5, updatedAt: '2025-12-31T23:00:00.000Z' });
    const late = document({ epoch: 3, revision: 4, updatedAt: '2026-01-02T00:00:00.000Z' });
    for (const next of [behind, late, document({ epoch: 5, revision: 6 })])
      await redis.publish(controlKey(sessionId), JSON.stringify(next));
    await waitUntil('the last one', () => watcher.current?.epoch === 5, 30_000);
    expect(seen.map((next) => next.epoch)).toEqual([1, 2, 3, 4, 5]);
    watcher.close();
    subscriber.disconnect();
  }, 120_000);
});

describe('the newest control document', () => {
  const later = '2026-01-01T00:00:01.000Z';
  it('is that of the higher revision, whatever clocks say', () => {
    expect(isNewer(document({ revision: 2 }), document({ updatedAt: later }))).toBe(true);
    expect(isNewer(document({ updatedAt: later }), document({ revision: 2 }))).toBe(false);
    expect(isNewer(document({ updatedAt: later }), document({}))).toBe(false);
  });
  it('is a stop, for ever', () => {
    const stop = document({ desired: 'stop', stopReason: 'hostEnded' });
    expect(isNewer(stop, document({ revision: 2 }))).toBe(true);
    expect(isNewer(document({ revision: 9 }), stop)).toBe(false);
  });
});
