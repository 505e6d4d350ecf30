import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { JobProducer } from '@maydan/common';
import {
  fact as factSchema,
  factStream,
  mediaKeys,
  type JobData,
  type MediaOutcome,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import sharp from 'sharp';
import { ObjectStore } from '../storage/ObjectStore.ts';
import { WorkerStack } from '../testing/WorkerStack.ts';
import { removeAbandoned } from './media.handler.ts';

const exec = promisify(execFile);
let stack: WorkerStack;
let jobs: JobProducer;
let store: ObjectStore;
/** What was found out about files so far, by id. */
const outcomes = new Map<string, MediaOutcome>();

beforeAll(async () => {
  stack = await WorkerStack.create();
  jobs = new JobProducer(stack.redis);
  const { endpoint, accessKeyId, secretAccessKey, bucket } = stack.s3;
  const access = { endpoint, accessKeyId, secretAccessKey, bucket };
  store = new ObjectStore({ ...access, region: 'us-east-1', forcePathStyle: true });
  await stack.startWorker();
}, 90_000);
afterAll(async () => {
  await jobs?.close();
  store?.close();
  await stack?.close();
}, 30_000);

type Wish = Partial<Pick<JobData<'media.check'>, 'purpose' | 'kind' | 'byteLength'>>;

async function order(bytes: Uint8Array, wish: Wish = {}): Promise<string> {
  const mediaId = randomUUID();
  await store.put(mediaKeys.upload(mediaId), bytes);
  const data = { mediaId, purpose: 'message', kind: 'image', byteLength: bytes.length, ...wish } as const;
  await jobs.add('media.check', data, {
    jobId: mediaId,
    attempts: 3,
    backoff: { type: 'fixed', delay: 200 },
  });
  return mediaId;
}

async function outcomeOf(mediaId: string): Promise<MediaOutcome> {
  const look = async (): Promise<boolean> => {
    for (const [, fields] of await stack.redis.xrange(factStream, '-', '+')) {
      const fact = factSchema.parse(JSON.parse(fields[1] ?? ''));
      if (fact.type === 'media.checked') outcomes.set(fact.mediaId, fact.outcome);
    }
    return outcomes.has(mediaId);
  };
  await waitUntil(`the check; the worker said:\n${stack.logTail}`, look, 60_000, 100);
  const found = outcomes.get(mediaId);
  if (found === undefined) throw new Error('no outcome');
  return found;
}

async function check(bytes: Uint8Array, wish: Wish = {}): Promise<{ id: string; outcome: MediaOutcome }> {
  const id = await order(bytes, wish);
  return { id, outcome: await outcomeOf(id) };
}

async function stored(id: string, name: string): Promise<Buffer> {
  const bytes = await store.read(mediaKeys.folder(id) + name);
  if (bytes === null) throw new Error(`there is no ${name}`);
  return bytes;
}

async function made(name: string, ...options: string[]): Promise<Buffer> {
  const path = join(stack.folder, name);
  await exec('ffmpeg', ['-v', 'error', '-y', ...options, path]);
  return readFile(path);
}

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 30, b: 30 } } });
const refused = (reason: string) => ({ result: 'refused', reason });

describe('a picture', () => {
  it('is encoded anew: upright, smaller, without place, camera and what is hidden behind it', async () => {
    // Left half red, right half blue, to be turned by 90 degrees to the right: red comes to the top.
    const right = await sharp({ create: { width: 1_500, height: 900, channels: 3, background: 'blue' } })
      .png()
      .toBuffer();
    const jpeg = await sharp({ create: { width: 3_000, height: 900, channels: 3, background: 'red' } })
      .composite([{ input: right, left: 1_500, top: 0 }])
      .withExif({
        IFD0: { Make: 'SecretCamera' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '30/1 2/1 40/1' },
      })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(jpeg.includes('SecretCamera')).toBe(true);
    const { id, outcome } = await check(Buffer.concat([jpeg, Buffer.from('<script>alert(1)</script>')]));
    expect(outcome).toMatchObject({
      ...{ result: 'ready', type: 'image/webp', width: 614, height: 2_048 },
      ...{ mainFile: 'main.webp', hasThumbnail: true, hasPoster: false },
    });
    const main = await stored(id, 'main.webp');
    for (const trace of ['SecretCamera', 'Exif', '<script>'])
      expect([trace, main.includes(trace)]).toEqual([trace, false]);
    expect(await sharp(main).metadata()).toMatchObject({ format: 'webp', width: 614, height: 2_048 });
    const corner = await sharp(main).extract({ left: 100, top: 100, width: 10, height: 10 }).png().toBuffer();
    const [red = 0, , blue = 0] = (await sharp(corner).stats()).channels.map(({ mean }) => mean);
    expect([red > 200, blue < 60]).toEqual([true, true]);
    const thumbnail = await sharp(await stored(id, 'thumbnail.webp')).metadata();
    expect([thumbnail.width, thumbnail.height]).toEqual([96, 320]);
  });

  it('is cut to what its purpose shows, and moves where it may', async () => {
    const jpeg = await plain(900, 600).jpeg().toBuffer();
    const avatar = await check(jpeg, { purpose: 'avatar' });
    expect(avatar.outcome).toMatchObject({ width: 512, height: 512 });
    const frames = await Promise.all(
      [0, 120, 240].map((g) =>
        sharp({ create: { width: 40, height: 30, channels: 3, background: { r: 9, g, b: 9 } } })
          .png()
          .toBuffer(),
      ),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif({ delay: 100 })
      .toBuffer();
    const moving = await check(gif);
    expect(moving.outcome).toMatchObject({ width: 40, height: 30 });
    expect((await sharp(await stored(moving.id, 'main.webp'), { animated: true }).metadata()).pages).toBe(3);
    const still = await check(gif, { purpose: 'status' });
    expect((await sharp(await stored(still.id, 'main.webp'), { animated: true }).metadata()).pages ?? 1).toBe(
      1,
    );
  });

  it('is refused when it would fill the memory, is broken, or is none', async () => {
    // 81 million pixels in some kilobytes.
    const bomb = await sharp({
      create: { width: 9_000, height: 9_000, channels: 3, background: 'black' },
      limitInputPixels: false,
    })
      .png({ compressionLevel: 9, palette: true, colours: 2 })
      .toBuffer();
    expect((await check(bomb)).outcome).toEqual(refused('tooManyPixels'));
    const jpeg = await plain(400, 300).jpeg().toBuffer();
    expect((await check(jpeg.subarray(0, jpeg.length / 2))).outcome).toEqual(refused('unreadable'));
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>');
    expect((await check(svg)).outcome).toEqual(refused('wrongKind'));
    expect((await check(Buffer.from('GIF89a/*'.padEnd(200, 'x')))).outcome).toEqual(refused('unreadable'));
    expect((await check(jpeg, { byteLength: jpeg.length - 1 })).outcome).toEqual(refused('tooLarge'));
  }, 120_000);
});

describe('a video or sound', () => {
  const picture = ['-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=15:duration=2'];
  const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=2'];

  it('is written anew without its place, with a poster', async () => {
    const place = ['-metadata', 'location=+30.0444+031.2357/', '-metadata', 'title=SecretTitle'];
    const video = await made(
      'a.mov',
      ...picture,
      ...tone,
      '-c:v',
      'libx264',
      '-pix_fmt',
      'yuv420p',
      '-c:a',
      'aac',
      ...place,
    );
    expect(video.includes('+30.0444')).toBe(true);
    const { id, outcome } = await check(video, { kind: 'video' });
    expect(outcome).toMatchObject({
      ...{ result: 'ready', type: 'video/mp4', width: 320, height: 240, mainFile: 'main.mp4' },
      ...{ hasThumbnail: true, hasPoster: true },
    });
    if (outcome.result === 'ready') expect(Math.abs((outcome.durationMs ?? 0) - 2_000)).toBeLessThan(200);
    const main = await stored(id, 'main.mp4');
    for (const trace of ['+30.0444', 'SecretTitle'])
      expect([trace, main.includes(trace)]).toEqual([trace, false]);
    const poster = await sharp(await stored(id, 'poster.webp')).stats();
    expect(Math.max(...poster.channels.map(({ stdev }) => stdev))).toBeGreaterThan(20);
  });

  it('is encoded anew when browsers can not play it', async () => {
    const video = await made('b.mov', ...picture, '-c:v', 'mpeg4');
    const { outcome } = await check(video, { kind: 'video', purpose: 'status' });
    expect(outcome).toMatchObject({ result: 'ready', type: 'video/mp4', width: 320, height: 240 });
    const wav = await made('b.wav', ...tone);
    expect((await check(wav, { kind: 'audio' })).outcome).toMatchObject({
      type: 'audio/mp4',
      hasPoster: false,
    });
    const mp3 = await made('b.mp3', ...tone, '-metadata', 'title=SecretTitle');
    const song = await check(mp3, { kind: 'audio' });
    expect(song.outcome).toMatchObject({ type: 'audio/mpeg', mainFile: 'main.mp3' });
    expect((await stored(song.id, 'main.mp3')).includes('SecretTitle')).toBe(false);
    const webm = await made('b.webm', ...tone, '-c:a', 'libopus');
    expect((await check(webm, { kind: 'audio' })).outcome).toMatchObject({ type: 'audio/ogg' });
  }, 120_000);

  it('is refused when it is another kind, too long, or names other files', async () => {
    const sound = await made('c.mp4', ...tone, '-c:a', 'aac');
    expect((await check(sound, { kind: 'video' })).outcome).toEqual(refused('wrongKind'));
    expect((await check(await plain(20, 20).png().toBuffer(), { kind: 'video' })).outcome).toEqual(
      refused('wrongKind'),
    );
    const slow = ['-f', 'lavfi', '-i', 'color=size=32x32:rate=1:duration=120'];
    const long = await made('c2.mp4', ...slow, '-c:v', 'libx264', '-pix_fmt', 'yuv420p');
    expect((await check(long, { kind: 'video', purpose: 'status' })).outcome).toEqual(refused('tooLong'));
    const playlist = Buffer.from(
      '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n',
    );
    expect((await check(playlist, { kind: 'video' })).outcome).toEqual(refused('wrongKind'));
    const head = sound.subarray(0, 300);
    expect((await check(head, { kind: 'audio' })).outcome).toEqual(refused('unreadable'));
  }, 120_000);
});

describe('a file', () => {
  it('stays as it is and is never taken for more', async () => {
    const html = Buffer.from('<!doctype html><script>alert(1)</script>');
    const { id, outcome } = await check(html, { kind: 'file' });
    expect(outcome).toMatchObject({
      type: 'application/octet-stream',
      byteLength: html.length,
      mainFile: 'main',
    });
    expect((await stored(id, 'main')).equals(html)).toBe(true);
  });

  it('is checked by another worker when the first is killed', async () => {
    const slow = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=20'];
    const video = await made('d.mov', ...slow, '-c:v', 'mpeg4');
    const id = await order(video, { kind: 'video' });
    const isUnderWay = async () =>
      (await readdir(join(stack.folder, 'spool'))).some((name) => name.startsWith('media-'));
    await waitUntil('the check to begin', isUnderWay, 30_000, 20);
    await stack.stopWorker('SIGKILL');
    expect(outcomes.has(id)).toBe(false);
    await stack.startWorker();
    expect(await outcomeOf(id)).toMatchObject({ result: 'ready', type: 'video/mp4' });
  }, 150_000);

  it('goes from the storage, also twice; folders of killed workers go, too', async () => {
    const { id } = await check(await plain(20, 20).png().toBuffer());
    const gone = async (what: string): Promise<boolean> => {
      const entries = await stack.redis.xrange(factStream, '-', '+');
      const facts = entries.map(([, fields]) => factSchema.parse(JSON.parse(fields[1] ?? '')));
      return facts.some((one) => one.type === 'media.removed' && one.mediaId === id && one.what === what);
    };
    await jobs.add('media.remove', { mediaId: id, what: 'upload' }, { jobId: `upload-${id}` });
    await waitUntil('the upload to be gone', () => gone('upload'), 20_000);
    expect(await store.size(mediaKeys.upload(id))).toBeNull();
    expect(await store.size(`${mediaKeys.folder(id)}main.webp`)).not.toBeNull();
    for (const jobId of ['first', 'second'])
      await jobs.add('media.remove', { mediaId: id, what: 'all' }, { jobId });
    await waitUntil('all to be gone', () => gone('all'), 20_000);
    expect(await store.size(`${mediaKeys.folder(id)}main.webp`)).toBeNull();
    // What came afterwards.
    const late = [mediaKeys.upload(id), `${mediaKeys.folder(id)}main.webp`];
    for (const key of late) await store.put(key, Buffer.from('late'));
    await jobs.add('media.remove', { mediaId: id, what: 'last' }, { jobId: `last-${id}` });
    await waitUntil('the rest to be gone', () => gone('last'), 20_000);
    expect(await Promise.all(late.map((key) => store.size(key)))).toEqual([null, null]);
    const old = join(stack.folder, 'spool', 'media-old');
    await mkdir(old);
    await writeFile(join(old, 'upload'), 'x');
    await utimes(old, new Date(0), new Date(0));
    await removeAbandoned(join(stack.folder, 'spool'));
    expect(await readdir(join(stack.folder, 'spool'))).not.toContain('media-old');
  });
});
