import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, FactWriter, type Redis } from '@maydan/common';
import { factStream, playbackKeys } from '@maydan/contracts';
import { startRedis, startS3, type EmbeddedRedis, type EmbeddedS3 } from '@maydan/infra';
import { removeRecording } from '../recording/removeRecording.ts';
import { openRecording } from '../recording/openRecording.ts';
import { Spool } from '../recording/Spool.ts';
import { legEvents, segmentEvents, segmentsOfAll } from '../recording/testing/syntheticPlayback.ts';
import { ObjectStore } from '../storage/ObjectStore.ts';
import { giveUpSession } from './endSession.ts';
import { Fence } from './Fence.ts';

const log = createLogger('test', 'silent');
const sessionId = '2f0c7c4e-6c0e-4d3a-9a52-0d6a3c6f8c11';
const playbackId = 'endsessiontest000001';

describe('the end of a session', () => {
  let folder: string;
  let redisServer: EmbeddedRedis;
  let s3: EmbeddedS3;
  let redis: Redis;
  let store: ObjectStore;

  const storeWith = (accessKeyId: string) => {
    const { endpoint, secretAccessKey, bucket } = s3;
    const region = 'us-east-1';
    return new ObjectStore({ endpoint, region, accessKeyId, secretAccessKey, bucket, forcePathStyle: true });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-end-'));
    [redisServer, s3] = await Promise.all([
      startRedis({ dir: join(folder, 'redis') }),
      startS3({ dir: join(folder, 's3') }),
    ]);
    redis = createRedis(redisServer.url, log);
    store = storeWith(s3.accessKeyId);
  }, 60_000);
  afterAll(async () => {
    store?.close();
    redis?.disconnect();
    await Promise.all([redisServer?.close(), s3?.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('keeps what was recorded when the runs break, and tidies', async () => {
    const spool = await Spool.create(join(folder, 'spool'), 100_000_000);
    const fence = await Fence.take(redis, playbackId);
    const refused = storeWith('notTheKey');
    const onSuperseded = () => undefined;
    const { recording } = await openRecording({ redis, spool, store: refused, log, fence, onSuperseded });
    for (const event of [...legEvents(), ...segmentsOfAll(0, 2), ...segmentEvents('360p', 3).slice(0, 3)]) {
      recording.append(event);
    }
    await recording.journal.flush();
    await recording.close();
    refused.close();
    // What a power cut may leave behind: the newest segment of one rendition is neither on disk nor stored.
    await rm(join(folder, 'spool', playbackId, 'media', 'audio', 's2-1.m4s'), { force: true });
    const facts = new FactWriter(redis, log);
    await giveUpSession({ redis, spool, store, facts, workerId: 'test' }, { sessionId, playbackId }, log);
    const [[, fields] = []] = await redis.xrange(factStream, '-', '+');
    expect(JSON.parse(fields?.[1] ?? '')).toMatchObject({
      type: 'live.ended',
      sessionId,
      failure: 'workerLost',
      recorded: true,
      fence: 2,
    });
    const playlist = async (id: string) =>
      (await store.read(`${playbackKeys.s3Prefix(playbackId)}${id}/index.m3u8`))?.toString() ?? '';
    // The segment that lost its sound is left out at the end; the torn one after it too.
    expect(await playlist('360p')).toMatch(/#EXT-X-PLAYLIST-TYPE:VOD[^]*s1-1\.m4s\n#EXT-X-ENDLIST\n$/);
    expect(await playlist('audio')).toMatch(/s1-1\.m4s\n#EXT-X-ENDLIST\n$/);
    expect(await redis.exists(playbackKeys.segments(playbackId))).toBe(0);
    expect(await readdir(join(folder, 'spool'))).toEqual([]);
  }, 30_000);

  it('is followed by the removal of the recording, which may be repeated, when its host is gone', async () => {
    const facts = new FactWriter(redis, log);
    const [mine, others] = ['removedplayback00001', 'removedplayback00002'];
    for (const id of [mine, others]) await store.put(`${playbackKeys.s3Prefix(id)}v/s1.m4s`, Buffer.from(id));
    await redis.rpush(playbackKeys.segments(mine), 'x');
    const told = async () =>
      (await redis.xrange(factStream, '-', '+')).filter(([, fields]) =>
        fields.join().includes('recording.removed'),
      );
    for (const times of [1, 2]) {
      await removeRecording({ sessionId, playbackId: mine }, { store, redis, facts }, log);
      expect(await told()).toHaveLength(times);
    }
    const left: string[] = [];
    for await (const { key } of store.list('live/removedplayback')) left.push(key);
    expect(left).toEqual([`${playbackKeys.s3Prefix(others)}v/s1.m4s`]);
    expect(await redis.exists(playbackKeys.segments(mine))).toBe(0);
    await facts.close();
  });
});
