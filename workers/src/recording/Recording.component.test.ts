import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRedis, type Redis } from '@maydan/common';
import { playbackKeys } from '@maydan/contracts';
import { startRedis, startS3, waitUntil, type EmbeddedRedis, type EmbeddedS3 } from '@maydan/infra';
import { Fence } from '../live/Fence.ts';
import { packagerStateOf } from '../packager/index.ts';
import { ObjectStore } from '../storage/ObjectStore.ts';
import { openRecording, type OpenedRecording } from './openRecording.ts';
import { Spool } from './Spool.ts';
import { legEvents, segmentEvents, segmentsOfAll } from './testing/syntheticPlayback.ts';

const log = createLogger('test', 'silent');

describe('Recording with real Redis and S3', () => {
  let folder: string;
  let redisServer: EmbeddedRedis;
  let s3: EmbeddedS3;
  let redis: Redis;
  let store: ObjectStore;
  let playbackId: string;
  let superseded: number;
  const opened: OpenedRecording[] = [];
  let counter = 0;

  const storeWith = (change: { accessKeyId?: string } = {}) =>
    new ObjectStore({
      endpoint: s3.endpoint,
      region: 'us-east-1',
      accessKeyId: s3.accessKeyId,
      secretAccessKey: s3.secretAccessKey,
      bucket: s3.bucket,
      forcePathStyle: true,
      tries: 1,
      ...change,
    });
  /** A run on this playback; `machine` names the disk it has. */
  const open = async (machine = 'a', using = store) => {
    const spool = await Spool.create(join(folder, machine), 100_000_000);
    const fence = await Fence.take(redis, playbackId);
    const run = await openRecording({
      spool,
      store: using,
      fence,
      redis,
      log,
      onSuperseded: () => (superseded += 1),
    });
    opened.push(run);
    return { ...run, fence, spool };
  };
  const stored = async () => {
    const keys: string[] = [];
    for await (const { key } of store.list(playbackKeys.s3Prefix(playbackId)))
      keys.push(key.split('/').slice(2).join('/'));
    return keys;
  };
  const recorded = async () =>
    (await redis.lrange(playbackKeys.segments(playbackId), 0, -1)).map((text) => {
      const line = JSON.parse(text) as { type: string; path?: string; record?: { path: string } };
      return line.record?.path ?? line.path ?? line.type;
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-recording-'));
    [redisServer, s3] = await Promise.all([
      startRedis({ dir: join(folder, 'redis') }),
      startS3({ dir: join(folder, 's3') }),
    ]);
    redis = createRedis(redisServer.url, log);
    store = storeWith();
  }, 60_000);
  afterAll(async () => {
    store?.close();
    redis?.disconnect();
    await Promise.all([redisServer?.close(), s3?.close()]);
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    playbackId = `recordingtest${String((counter += 1)).padStart(6, '0')}`;
    superseded = 0;
  });
  afterEach(async () => {
    for (const { recording } of opened.splice(0)) await recording.close();
  });

  it('stores every complete file and records it in order', async () => {
    const { recording } = await open();
    for (const event of [...legEvents(), ...segmentsOfAll(0, 3), ...segmentEvents('360p', 4).slice(0, 3)]) {
      recording.append(event);
    }
    await recording.journal.flush();
    await recording.uploads.drained();
    const ofVideo = ['i0-1.mp4', 's0-1.m4s', 's1-1.m4s', 's2-1.m4s', 's3-1.m4s'].map(
      (name) => `360p/${name}`,
    );
    expect((await stored()).filter((path) => path.startsWith('360p'))).toEqual(ofVideo);
    expect((await recorded()).filter((path) => path.startsWith('360p'))).toEqual(ofVideo);
    expect(recording.uploads.lagBytes).toBe(0);
    const bytes = await store.read(`live/${playbackId}/360p/s3-1.m4s`);
    const parts = segmentEvents('360p', 3).flatMap((event) =>
      event.type === 'part.written' ? [event.bytes] : [],
    );
    expect(bytes).toEqual(Buffer.concat(parts));
  });

  it('outlasts an outage of the storage without losing anything', async () => {
    const { recording } = await open();
    for (const event of [...legEvents(), ...segmentsOfAll(0, 0)]) recording.append(event);
    await recording.journal.flush();
    await recording.uploads.drained();
    s3.kill('SIGKILL');
    await s3.exited;
    for (const event of segmentsOfAll(1, 6)) recording.append(event);
    await recording.journal.flush();
    await waitUntil('the trouble', () => recording.uploads.trouble?.kind === 'unavailable', 30_000);
    expect(recording.uploads.lagBytes).toBe(6 * 16_000);
    expect(recording.uploads.lagMs()).toBeGreaterThan(0);
    const { port, accessKeyId, secretAccessKey } = s3;
    s3 = await startS3({ dir: join(folder, 's3'), port, accessKeyId, secretAccessKey });
    await recording.uploads.drained();
    expect(recording.uploads.trouble).toBeNull();
    expect((await recorded()).filter((path) => path.startsWith('audio/s'))).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((msn) => `audio/s${msn}-1.m4s`),
    );
    expect(recording.lostFiles).toBe(0);
  }, 120_000);

  it('goes on with a wrong key, says so, and keeps the media', async () => {
    const wrong = storeWith({ accessKeyId: 'notTheKey' });
    const { recording } = await open('a', wrong);
    for (const event of [...legEvents(), ...segmentsOfAll(0, 1)]) recording.append(event);
    await waitUntil('the trouble', () => recording.uploads.trouble?.kind === 'refused', 30_000);
    expect(recording.history.segments('360p')).toHaveLength(2);
    await recording.close();
    wrong.close();
    const right = await open('a');
    await right.recording.uploads.drained();
    expect((await stored()).filter((path) => path.startsWith('360p/s'))).toEqual([
      '360p/s0-1.m4s',
      '360p/s1-1.m4s',
    ]);
  }, 30_000);

  it('goes on from its spool after a crash: torn segments are closed, uploads continue', async () => {
    const first = await open('a', storeWith({ accessKeyId: 'notTheKey' }));
    const torn = segmentEvents('360p', 2).slice(0, 4);
    for (const event of [...legEvents(), ...segmentsOfAll(0, 1), ...torn]) first.recording.append(event);
    await first.recording.journal.flush();
    await first.recording.close();
    const { recording, tail, past, fence } = await open('a');
    expect(fence.value).toBe(2);
    expect(tail.slice(-4).map((event) => event.type)).toEqual([
      'segment.ended',
      'segment.started',
      'segment.ended',
      'leg.ended',
    ]);
    expect(packagerStateOf(past)).toMatchObject({
      nextMsn: 3,
      nextLeg: 1,
      nextInits: { '360p': 1, audio: 1 },
    });
    expect(packagerStateOf(past).end?.mediaTimeSec).toBeCloseTo(14.75);
    await recording.uploads.drained();
    expect((await store.read(`live/${playbackId}/360p/s2-1.m4s`))?.byteLength).toBe(3_000);
    expect(recording.history.segments('audio').map(({ gap }) => gap === true)).toEqual([false, false, true]);
    for (const event of [
      ...legEvents({ leg: 1, fence: 2, firstMsn: 3 }),
      ...segmentsOfAll(3, 3, { leg: 1, fence: 2, firstMsn: 3 }),
    ]) {
      recording.append(event);
    }
    await recording.journal.flush();
    await recording.uploads.drained();
    expect((await recorded()).filter((path) => path.startsWith('360p/s'))).toEqual([
      '360p/s0-1.m4s',
      '360p/s1-1.m4s',
      '360p/s2-1.m4s',
      '360p/s3-2.m4s',
    ]);
  }, 30_000);

  it('is taken over by a worker without the spool, and the old run stops', async () => {
    const old = await open('a');
    for (const event of [...legEvents(), ...segmentsOfAll(0, 2)]) old.recording.append(event);
    await old.recording.journal.flush();
    await old.recording.uploads.drained();
    const taken = await open('b');
    expect(taken.recording.history.segments('360p')).toEqual(old.recording.history.segments('360p'));
    expect(Buffer.from(taken.initBytes.get('audio/i0-1.mp4') ?? [])).toEqual(Buffer.from('init audio 0'));
    expect(taken.tail).toEqual([{ type: 'leg.ended', leg: 0 }]);
    expect(packagerStateOf(taken.past)).toMatchObject({ nextMsn: 3, nextLeg: 1 });
    for (const event of segmentsOfAll(3, 3)) old.recording.append(event);
    await waitUntil('the old run to notice', () => superseded === 1, 30_000);
    await old.recording.close();
    expect(await recorded()).not.toContain('360p/s3-1.m4s');
    for (const event of [
      ...legEvents({ leg: 1, fence: 2, firstMsn: 3 }),
      ...segmentsOfAll(3, 4, { leg: 1, fence: 2, firstMsn: 3 }),
    ]) {
      taken.recording.append(event);
    }
    await taken.recording.journal.flush();
    await taken.recording.uploads.drained();
    await taken.recording.close();
    const back = await open('a');
    expect(back.recording.history.segments('360p').map(({ path }) => path)).toEqual([
      '360p/s0-1.m4s',
      '360p/s1-1.m4s',
      '360p/s2-1.m4s',
      '360p/s3-2.m4s',
      '360p/s4-2.m4s',
    ]);
  }, 30_000);

  it('repairs the list that Redis lost entries of', async () => {
    const first = await open();
    for (const event of [...legEvents(), ...segmentsOfAll(0, 2)]) first.recording.append(event);
    await first.recording.journal.flush();
    await first.recording.uploads.drained();
    await first.recording.close();
    const before = (await recorded()).sort();
    await redis.rpop(playbackKeys.segments(playbackId), 2);
    await open();
    expect((await recorded()).sort()).toEqual(before);
  });

  it('writes the list anew when Redis loses entries under way', async () => {
    const { recording } = await open();
    for (const event of [...legEvents(), ...segmentsOfAll(0, 2)]) recording.append(event);
    await recording.journal.flush();
    await recording.uploads.drained();
    await redis.ltrim(playbackKeys.segments(playbackId), 0, -4);
    for (const event of segmentsOfAll(3, 3)) recording.append(event);
    await recording.journal.flush();
    await recording.uploads.drained();
    const taken = await open('elsewhere');
    expect(taken.recording.history.segments('360p').map(({ msn }) => msn)).toEqual([0, 1, 2, 3]);
    expect(taken.recording.history.segments('audio').map(({ msn }) => msn)).toEqual([0, 1, 2, 3]);
  });

  it('gives older media from the spool, then from the storage, in ranges too', async () => {
    const { recording, spool } = await open();
    for (const event of [...legEvents(), ...segmentsOfAll(0, 0)]) recording.append(event);
    await recording.journal.flush();
    await recording.uploads.drained();
    const read = async (path: string, range?: { start: number; end?: number }) => {
      const media = await recording.older.open(path, range);
      if (media === null) return null;
      const chunks: Buffer[] = [];
      if (Buffer.isBuffer(media.body)) chunks.push(media.body);
      else for await (const chunk of media.body) chunks.push(chunk as Buffer);
      return {
        text: Buffer.concat(chunks).toString(),
        range: media.range,
        contentLength: media.contentLength,
      };
    };
    const fromSpool = await read('audio/s0-1.m4s', { start: 1_000, end: 1_011 });
    expect(fromSpool).toEqual({
      text: 'audio/0.1;au',
      range: { start: 1_000, end: 1_011, size: 8_000 },
      contentLength: 12,
    });
    await recording.journal.files.remove('audio/s0-1.m4s');
    expect(await read('audio/s0-1.m4s', { start: 1_000, end: 1_011 })).toEqual(fromSpool);
    expect((await read('audio/s0-1.m4s'))?.contentLength).toBe(8_000);
    expect(await read('audio/s9-1.m4s')).toBeNull();
    expect(await read('../../../etc/passwd')).toBeNull();
    await expect(recording.older.open('audio/s0-1.m4s', { start: 8_000 })).rejects.toBeInstanceOf(RangeError);
    expect(await readdir(spool.folderOf(playbackId))).toContain('records.jsonl');
  });
});
