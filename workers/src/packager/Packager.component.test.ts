import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIRST_MSN, type MediaEvent, type Rendition } from '../live/events.ts';
import { Packager } from './Packager.ts';
import { choosePartTarget } from './partTarget.ts';
import { bench, leg, picture, sound, starts } from './testing/bench.ts';
import { problemsOf } from './testing/checkEvents.ts';
import { frameHashes, packetHashes, packetTimes, run, runWithPipes } from './testing/ffmpeg.ts';

const AUDIO_FRAME_SEC = 1024 / 48_000;
const FRAGMENTS = [
  ...['-f', 'mp4', '-movflags', '+frag_every_frame+empty_moov+default_base_moof+frag_discont'],
  ...[
    '-use_editlist',
    '0',
    '-avoid_negative_ts',
    'disabled',
    '-video_track_timescale',
    '90000',
    '-flush_packets',
    '1',
  ],
];
const X264 = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-tune',
  'zerolatency',
  '-bf',
  '0',
  '-sc_threshold',
  '0',
];
const AAC = ['-c:a', 'aac', '-ar', '48000', '-ac', '2', '-b:a', '128k', '-af', 'aresample=async=1000'];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maydan-packager-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A picture that moves and a tone as a publisher sends them: FLV, times in milliseconds. */
async function makeSource(name: string, fps: number, video: readonly string[]): Promise<string> {
  const file = join(folder, `${name}.flv`);
  const inputs = ['-f', 'lavfi', '-i', `testsrc=s=320x180:r=${fps}`, '-f', 'lavfi', '-i', 'sine=440:r=44100'];
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', ...video, '-c:a', 'aac', '-ar', '44100'];
  await run('ffmpeg', ['-v', 'error', '-y', ...inputs, '-t', '7', ...encode, '-f', 'flv', file]);
  return file;
}

interface Packaged {
  readonly events: readonly MediaEvent[];
  /** What ffmpeg wrote, and what was made of it, as files by rendition. */
  readonly before: Record<string, string>;
  readonly after: Record<string, string>;
}

/** One ffmpeg makes all renditions of a source, whose bytes go through a Packager as they come. */
async function packageAll(
  source: string,
  frameRate: number,
  outputs: Record<string, string[]>,
): Promise<Packaged> {
  const ids = Object.keys(outputs);
  const here = bench(frameRate, { renditions: ids.map((id) => renditionOf(id, frameRate)) });
  here.packager.startLeg(leg(0, 10, { expected: ids }));
  const raw = new Map<string, Uint8Array[]>(ids.map((id) => [id, []]));
  const sinks = ids.map((id) => (bytes: Uint8Array) => {
    raw.get(id)?.push(Buffer.from(bytes));
    here.packager.write(id, bytes);
  });
  const args = Object.values(outputs).flatMap((output, index) => [
    ...output,
    ...FRAGMENTS,
    `pipe:${index + 3}`,
  ]);
  await runWithPipes(['-v', 'error', '-copyts', '-itsoffset', '10', '-i', source, ...args], sinks);
  here.packager.end();
  expect(problemsOf(here.events)).toEqual([]);
  expect(here.warnings).toEqual([]);
  const before: Record<string, string> = {};
  const after: Record<string, string> = {};
  for (const id of ids) {
    before[id] = await save(`${id}-before`, raw.get(id) ?? []);
    after[id] = await save(`${id}-after`, bytesOf(here.events, id));
  }
  return { events: here.events, before, after };
}

const renditionOf = (id: string, frameRate: number): Rendition =>
  id === 'audio' ? sound : picture(id, 180, frameRate, id === 'copy');

let files = 0;
async function save(name: string, chunks: readonly Uint8Array[]): Promise<string> {
  files += 1;
  const file = join(folder, `${files}-${name}.mp4`);
  await writeFile(file, Buffer.concat(chunks));
  return file;
}

/** Init segment and all parts of a rendition. */
function bytesOf(events: readonly MediaEvent[], id: string): Uint8Array[] {
  return events.flatMap((event) =>
    (event.type === 'init.written' || event.type === 'part.written') && event.rendition === id
      ? [event.bytes]
      : [],
  );
}

/** Nothing is lost or changed but audio before the first and after the last picture. Returns the number of frames. */
async function expectSameFrames(packaged: Packaged, id: string): Promise<number> {
  const [before, after] = [packaged.before[id] ?? '', packaged.after[id] ?? ''];
  const kind = id === 'audio' ? 'audio' : 'video';
  const [bytesBefore, bytesAfter] = [await packetHashes(before, kind), await packetHashes(after, kind)];
  const [timesBefore, timesAfter] = [await packetTimes(before), await packetTimes(after)];
  const decoded = await frameHashes(after);
  const skipped = bytesBefore.indexOf(bytesAfter[0] ?? '');
  expect(bytesAfter).toEqual(bytesBefore.slice(skipped, skipped + bytesAfter.length));
  expect(timesAfter).toHaveLength(bytesAfter.length);
  timesAfter.forEach((time, index) => {
    expect(time).toBeCloseTo(timesBefore[skipped + index] ?? 0, 4);
  });
  if (id === 'audio') expect(skipped).toBeLessThan(6);
  else expect(decoded).toEqual(await frameHashes(before));
  return decoded.length;
}

function expectAligned(
  events: readonly MediaEvent[],
  ids: readonly string[],
  frameRate: number,
  expected: number[],
): void {
  for (const id of ids) {
    const toleranceSec = id === 'audio' ? AUDIO_FRAME_SEC : 0.5 / frameRate;
    const begins = starts(events, id);
    expect(begins).toHaveLength(expected.length);
    begins.forEach((startSec, index) => {
      expect(Math.abs(startSec - (expected[index] ?? 0))).toBeLessThanOrEqual(toleranceSec + 0.001);
    });
  }
}

describe('Packager with ffmpeg', () => {
  it('packages a copied top with B-frames, a rendition encoded with its key frames, and audio', async () => {
    const source = await makeSource('b-frames', 30, [
      '-bf',
      '2',
      '-g',
      '60',
      '-keyint_min',
      '60',
      '-sc_threshold',
      '0',
    ]);
    const keyed = [
      '-force_key_frames',
      'source',
      '-fps_mode',
      'passthrough',
      '-enc_time_base',
      '1:90000',
      '-g',
      '9999',
    ];
    const packaged = await packageAll(source, 30, {
      copy: ['-map', '0:v', '-c:v', 'copy'],
      low: ['-map', '0:v', '-s', '160x90', ...X264, ...keyed],
      audio: ['-map', '0:a', ...AAC],
    });
    expect(await expectSameFrames(packaged, 'copy')).toBe(210);
    expect(await expectSameFrames(packaged, 'low')).toBe(210);
    expect(await expectSameFrames(packaged, 'audio')).toBeGreaterThan(320);
    const firstSec = 10 + 0.067;
    expectAligned(
      packaged.events,
      ['copy', 'low', 'audio'],
      30,
      [0, 2, 4, 6].map((sec) => firstSec + sec),
    );
    const inits = packaged.events.filter((event) => event.type === 'init.written');
    expect(inits.map(({ rendition, width, height, codecs }) => [rendition, width, height, codecs])).toEqual(
      expect.arrayContaining([
        ['copy', 320, 180, expect.stringMatching(/^avc1\.[0-9a-f]{6}$/)],
        ['low', 160, 90, expect.stringMatching(/^avc1\.[0-9a-f]{6}$/)],
        ['audio', undefined, undefined, 'mp4a.40.2'],
      ]),
    );
  }, 60_000);

  it('packages renditions that are all encoded, and their key frames can be shown alone', async () => {
    const source = await makeSource('no-b-frames', 25, ['-bf', '0', '-g', '250']);
    const keyed = ['-force_key_frames', 'expr:gte(t,n_forced*2)', '-r', '25'];
    const packaged = await packageAll(source, 25, {
      high: ['-map', '0:v', ...X264, ...keyed],
      low: ['-map', '0:v', '-s', '160x90', ...X264, ...keyed],
      audio: ['-map', '0:a', ...AAC],
    });
    expect(await expectSameFrames(packaged, 'high')).toBe(175);
    expect(await expectSameFrames(packaged, 'low')).toBe(175);
    await expectSameFrames(packaged, 'audio');
    const [firstSec = 0] = starts(packaged.events, 'high');
    expect(firstSec).toBeCloseTo(10, 1);
    expectAligned(
      packaged.events,
      ['high', 'low', 'audio'],
      25,
      [0, 2, 4, 6].map((sec) => firstSec + sec),
    );
    const parts = packaged.events
      .filter((event) => event.type === 'part.written')
      .filter(({ rendition }) => rendition === 'low');
    const keys = parts.flatMap(({ bytes, keyFrames }) =>
      keyFrames.map(({ offset, length }) => bytes.subarray(offset, offset + length)),
    );
    expect(keys).toHaveLength(4);
    const [init] = bytesOf(packaged.events, 'low');
    const all = await frameHashes(packaged.after.low ?? '');
    for (const [index, bytes] of keys.entries()) {
      const alone = await save('key', init ? [init, bytes] : []);
      expect(await frameHashes(alone)).toEqual([all[index * 50]]);
    }
  }, 60_000);

  it('gives segments that can be played from each one on', async () => {
    const source = await makeSource('seek', 24, [
      '-bf',
      '2',
      '-g',
      '24',
      '-keyint_min',
      '24',
      '-sc_threshold',
      '0',
    ]);
    const packaged = await packageAll(source, 24, { copy: ['-map', '0:v', '-c:v', 'copy'] });
    const all = await frameHashes(packaged.after.copy ?? '');
    const [init] = bytesOf(packaged.events, 'copy');
    const later = packaged.events
      .filter((event) => event.type === 'part.written')
      .filter(({ msn }) => msn >= FIRST_MSN + 2);
    const file = await save('later', [...(init ? [init] : []), ...later.map(({ bytes }) => bytes)]);
    expect(await frameHashes(file)).toEqual(all.slice(96));
    expect(choosePartTarget(24, 0.25)).toBe(0.255);
    expect(new Packager(bench(24).options).timeline).toBeNull();
  }, 60_000);
});
