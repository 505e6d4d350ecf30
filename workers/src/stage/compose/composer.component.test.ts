import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLogger } from '@maydan/common';
import { waitUntil } from '@maydan/infra';
import { stageMediaPath } from '../native/messages.ts';
import { avcConfigTag, avcFrameTag, flvHeader } from '../../source/flv/writeFlv.ts';
import { ffmpegPath } from '../../source/testing/media.ts';
import type { AvcPicture } from '../picture/AvcPicture.ts';
import { PlayoutDelay } from '../room/PlayoutDelay.ts';
import { VideoInput } from '../room/VideoInput.ts';
import { NodeClock } from '../rtp/StreamClock.ts';
import { Vp9Format } from '../rtp/vp9.ts';
import { claimingSize, lowerOfTwoLayers } from '../testing/claims.ts';
import { encodedPicture, makeClip, type Clip } from '../testing/clip.ts';
import { childrenOf, isComposer, mostMemoryBytes } from '../testing/processes.ts';
import { testPictures } from '../testing/testPictures.ts';
import { lumaOf } from '../testing/watch.ts';
import { ComposerProcess } from './ComposerProcess.ts';
import {
  forgetLabelsMessage,
  forgetMessage,
  labelMessage,
  layoutMessage,
  pictureMessage,
  type PlacedTile,
} from './composerProtocol.ts';
import { Compositor } from './Compositor.ts';
import { Labels, trimmed } from './Labels.ts';

const log = createLogger('test', 'silent');
const size = { width: 320, height: 180 };
const settings = { size, frameRate: 30, bitrateBps: 1_000_000, cpuBudgetCores: 1, log };
const frameMs = 1_000 / 30;
/** Pictures from one key frame of the clips to the next. */
const keyEvery = 6;
const leftHalf: PlacedTile = { x: 0, y: 0, width: 160, height: 90, fit: 'cover', track: 1, label: 0 };
const rightHalf: PlacedTile = { ...leftHalf, x: 160, track: 2 };
const whiteLabel = { width: 20, height: 10, alpha: new Uint8Array(200).fill(255) };

describe('what composes a stage', () => {
  let folder: string;
  let clips: Record<'wide' | 'upright', Clip>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-composer-'));
    // Bright all the time but for the background of the stage.
    const rhythm = { periodSec: 1, toneHz: 1_000, colour: '0xe0e0e0' };
    const options = { durationSec: 1, keyFrameIntervalSec: keyEvery / 30 };
    clips = {
      wide: await makeClip(rhythm, { ...options, codec: 'h264', size: '640x360' }),
      upright: await makeClip(rhythm, { ...options, codec: 'vp8', size: '90x160' }),
    };
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const fileOf = async (name: string, record: Uint8Array, pictures: AvcPicture[]): Promise<string> => {
    const tags = pictures.map(({ key, data, timeMs }) =>
      avcFrameTag(timeMs, { key, compositionMs: 0, data }),
    );
    const file = join(folder, `${name}.flv`);
    await writeFile(
      file,
      Buffer.concat([flvHeader({ video: true, audio: false }), avcConfigTag(0, record), ...tags]),
    );
    return file;
  };
  const startComposer = () => {
    const composer = new ComposerProcess(settings);
    const told = { broken: [] as number[], shown: [] as number[], pictures: 0 };
    composer.on('broken', (track) => told.broken.push(track));
    composer.on('shown', (track) => told.shown.push(track));
    composer.on('picture', () => (told.pictures += 1));
    return { composer, told };
  };
  const inputOf = (codec: Clip['codec']): VideoInput =>
    new VideoInput({
      codec,
      node: new NodeClock(),
      delay: new PlayoutDelay(),
      askKeyFrame: () => undefined,
    });

  it('draws people and names in their places, as each message says', async () => {
    const composer = new ComposerProcess(settings);
    const pictures: AvcPicture[] = [];
    const shown: number[] = [];
    let record: Uint8Array | null = null;
    composer.on('config', (config) => (record = config));
    composer.on('picture', (picture) => pictures.push(picture));
    composer.on('shown', (track) => shown.push(track));
    const lumas: number[][] = [];
    const steps: Uint8Array[][] = [
      layoutMessage([leftHalf, rightHalf]),
      [
        ...pictureMessage(1, 'h264', encodedPicture(clips.wide, 0, keyEvery)),
        ...pictureMessage(2, 'vp8', encodedPicture(clips.upright, 0, keyEvery)),
      ],
      [...labelMessage(7, whiteLabel), ...layoutMessage([{ ...leftHalf, label: 7 }, rightHalf])],
      // Another size at once, from the picture that is there; the other half is nobody's any more.
      [
        ...forgetMessage(2),
        ...forgetLabelsMessage(),
        ...layoutMessage([{ ...leftHalf, width: 320, height: 180 }]),
      ],
    ];
    try {
      for (const [at, messages] of steps.entries()) {
        composer.send(messages, at * 1_000.25);
        await waitUntil('the picture', () => pictures.length === at + 1, 60_000);
      }
      expect(shown).toEqual([1, 2]);
      expect(pictures.map(({ timeMs }) => timeMs)).toEqual([0, 1_000.25, 2_000.5, 3_000.75]);
      expect(pictures.map(({ key }) => key)).toEqual([true, false, false, false]);
      const file = await fileOf('steps', record ?? new Uint8Array(), pictures);
      const areas = [
        { x: 20, y: 20, width: 100, height: 30 },
        // Beside and within somebody upright, who isn't cropped.
        { x: 164, y: 10, width: 40, height: 70 },
        { x: 224, y: 10, width: 32, height: 70 },
        { x: 2, y: 80, width: 16, height: 6 },
        { x: 200, y: 100, width: 100, height: 60 },
      ];
      for (const area of areas) lumas.push((await lumaOf(file, area)).map(({ luma }) => luma));
    } finally {
      await composer.close();
    }
    const kind = (luma: number): string => (luma > 200 ? 'bright' : luma < 25 ? 'black' : 'dark');
    expect(lumas.map((of) => of.map(kind))).toEqual([
      ['dark', 'bright', 'bright', 'bright'],
      ['dark', 'black', 'black', 'bright'],
      ['dark', 'bright', 'bright', 'bright'],
      ['dark', 'bright', 'bright', 'bright'],
      ['black', 'black', 'black', 'bright'],
    ]);
  }, 90_000);

  it('has names made whatever they are, and again when that failed', async () => {
    const [path, been, left] = ['fails-once', 'failed', 'left'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    // A worker may be killed at any moment: nothing lies about that somebody would have to remove.
    const note = `ls -d '${tmpdir()}'/maydan-label-* >> '${left}' 2> /dev/null`;
    const fail = `[ -e '${been}' ] || { : > '${been}'; exit 1; }`;
    await writeFile(path, `#!/bin/sh\n${note}\n${fail}\nexec '${ffmpegPath}' "$@"\n`);
    await chmod(path, 0o755);
    const labels = new Labels(path, log);
    const names = [
      'ليلى الأحمد',
      `Z${'\u0301'.repeat(59)}`,
      '👍🏽'.repeat(20),
      "a'b:c\\d%{pts}[x];,",
      'W'.repeat(60),
    ];
    for (const name of names) labels.get(name, 30);
    await waitUntil('all of them', () => names.every((name) => labels.get(name, 30) !== null), 120_000);
    for (const mask of names.map((name) => labels.get(name, 30))) {
      expect(mask?.alpha.some((value) => value > 200)).toBe(true);
      expect(mask?.width).toBeLessThanOrEqual(4_096);
    }
    expect(await readFile(left, 'utf8')).toBe('');
  }, 150_000);

  it('writes a name as it is, whatever its characters mean to ffmpeg', async () => {
    const name = `it's: "50%" [a],b;c\\d = \${x} %{pts} ليلى`;
    const labels = new Labels(ffmpegPath, log);
    await waitUntil('the label', () => labels.get(name, 20) !== null, 120_000);
    const file = join(folder, 'name');
    await writeFile(file, name);
    const { width, height } = { width: 20 * name.length + 48, height: 40 };
    const text = `drawtext=font='DejaVu Sans':textfile=${file}:expansion=none:fontsize=20:fontcolor=white:x=6:y=(h-20)/2`;
    const input = `color=black:s=${width}x${height}:r=1,format=gray,${text}`;
    const output = ['-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1'];
    const { stdout } = await promisify(execFile)(ffmpegPath, ['-f', 'lavfi', '-i', input, ...output], {
      encoding: 'buffer',
    });
    expect(labels.get(name, 20)).toEqual(trimmed({ width, height, alpha: stdout }));
  }, 150_000);

  it.each<[string, Uint8Array]>([
    ['unknown', Buffer.from('0000000063000000', 'hex')],
    ['too long', Buffer.from('ffffffff01000000', 'hex')],
    ['cut', Buffer.from('0400000001000000', 'hex')],
  ])(
    'ends at a message that is %s',
    async (_name, message) => {
      const composer = new ComposerProcess(settings);
      let end: unknown = null;
      composer.on('closed', (how) => (end = how));
      composer.send([message, Buffer.alloc(8)], null);
      await waitUntil('its end', () => end !== null, 60_000);
      expect(end).toEqual({ isFault: true, culprit: null });
    },
    90_000,
  );

  it('tells of pictures that make no sense or are far too large, and goes on', async () => {
    const large = await makeClip(
      { periodSec: 0.1, toneHz: 1_000, colour: '0xe0e0e0' },
      { codec: 'vp8', size: '4096x2560', durationSec: 0.1, keyFrameIntervalSec: 0.1 },
    );
    const { composer, told } = startComposer();
    try {
      const nonsense = { timestamp: 0, key: true, data: Buffer.alloc(200, 0xff) };
      composer.send([...pictureMessage(3, 'h264', nonsense), ...pictureMessage(4, 'vp8', nonsense)], null);
      composer.send(pictureMessage(5, 'vp8', encodedPicture(large, 0, 3)), null);
      composer.send(pictureMessage(6, 'vp8', encodedPicture(clips.upright, 0, keyEvery)), 5);
      await waitUntil('a picture', () => told.pictures === 1, 60_000);
      expect(told.broken).toContain(3);
      expect(told.broken).toContain(5);
      expect(told.shown).toEqual([6]);
    } finally {
      await composer.close();
    }
  }, 90_000);

  it('shows a lower layer of AV1 as soon as it is there, when the sfu sends no higher one', async () => {
    const [first] = await testPictures({ codec: 'av1', size: '320x180' });
    const { composer, told } = startComposer();
    try {
      const picture = { timestamp: 0, key: true, data: lowerOfTwoLayers(first?.data ?? Buffer.alloc(0)) };
      composer.send(pictureMessage(1, 'av1', picture), 0);
      await waitUntil('a picture', () => told.pictures === 1, 60_000);
      expect(told.shown).toEqual([1]);
    } finally {
      await composer.close();
    }
  }, 90_000);

  it('is not made to take memory by a head that claims a picture of 16384x16384', async () => {
    const [small] = await testPictures({ codec: 'vp9', size: '320x180' });
    const { composer, told } = startComposer();
    try {
      const claiming = {
        timestamp: 0,
        key: true,
        data: claimingSize(small?.data ?? Buffer.alloc(0), 16_384),
      };
      composer.send(pictureMessage(1, 'vp9', claiming), 0);
      await waitUntil('a picture', () => told.pictures === 1, 60_000);
      expect(told.broken).toEqual([1]);
      const [pid = 0] = childrenOf(process.pid).filter(isComposer);
      // Decoded, it takes more than a gigabyte.
      expect(mostMemoryBytes(pid)).toBeLessThan(300_000_000);
    } finally {
      await composer.close();
    }
  }, 90_000);

  it('shows the last of the pictures of a superframe, which is the largest', async () => {
    const [small] = await testPictures({ codec: 'vp9', size: '160x90', colour: 'black' });
    const [large] = await testPictures({ codec: 'vp9', size: '320x180', colour: 'white' });
    const format = new Vp9Format();
    format.begin();
    for (const data of [small?.data, large?.data])
      format.add(Buffer.concat([Buffer.of(0x0c), data ?? Buffer.of()]));
    const both = format.finish(0);
    const composer = new ComposerProcess(settings);
    const pictures: AvcPicture[] = [];
    let record: Uint8Array = new Uint8Array();
    composer.on('config', (config) => (record = config));
    composer.on('picture', (picture) => pictures.push(picture));
    try {
      if (both === null || both === 'broken') throw new Error('no superframe');
      const whole = layoutMessage([{ ...leftHalf, width: 320, height: 180 }]);
      composer.send([...pictureMessage(1, 'vp9', both), ...whole], 0);
      await waitUntil('a picture', () => pictures.length === 1, 60_000);
      const file = await fileOf('superframe', record, pictures);
      const lumas = await lumaOf(file, { x: 0, y: 0, width: 320, height: 180 });
      expect(lumas[0]?.luma).toBeGreaterThan(200);
    } finally {
      await composer.close();
    }
  }, 90_000);

  it('that hangs is ended, and says whose picture it was decoding', async () => {
    const [heavy] = await testPictures({ codec: 'vp8', size: '3840x2160', count: 1 });
    if (heavy === undefined) throw new Error('no picture');
    const endOf = async (composerPath: string): Promise<unknown> => {
      const composer = new ComposerProcess({ ...settings, composerPath, hangAfterMs: 500 });
      let end: { culprit: number | null; isFault: boolean } | null = null;
      composer.on('closed', (how) => (end = how));
      let pictures = 0;
      composer.on('picture', () => (pictures += 1));
      // It is there, and waits for work.
      if (composerPath === stageMediaPath) {
        composer.send(layoutMessage([leftHalf]), 0);
        await waitUntil('a first picture', () => pictures === 1, 60_000);
      }
      // Hundreds of large pictures take longer than what is waited for here.
      composer.send(Array.from({ length: 300 }, () => pictureMessage(7, 'vp8', heavy)).flat(), 1_000);
      await waitUntil(
        'its end',
        () => {
          composer.send([], null);
          return end !== null;
        },
        60_000,
      );
      return end;
    };
    // Between two pictures it is nobody's: that is rare.
    const ends = [await endOf(stageMediaPath), await endOf(stageMediaPath), await endOf(stageMediaPath)];
    expect(ends).toContainEqual({ isFault: true, culprit: 7 });
    const deaf = join(folder, 'deaf');
    await writeFile(deaf, `#!/bin/sh\ntrap '' ABRT\nwhile :; do sleep 0.1; done\n`);
    await chmod(deaf, 0o755);
    expect(await endOf(deaf)).toEqual({ isFault: true, culprit: null });
  }, 120_000);

  it('goes on without the one whose picture ended it, and gives up when it never gives a picture', async () => {
    const composerPath = join(folder, 'breaks-once');
    const been = join(folder, 'been');
    await writeFile(
      composerPath,
      `#!/bin/sh\nif [ ! -e '${been}' ]; then : > '${been}'; echo 'decoding 1' >&2; kill -SEGV $$; fi\nexec '${stageMediaPath}' "$@"\n`,
    );
    await chmod(composerPath, 0o755);
    const inputs = [inputOf('h264'), inputOf('vp8')] as const;
    const options = { ...settings, labels: new Labels(ffmpegPath, log), onSize: () => undefined };
    const compositor = new Compositor({ ...options, composerPath });
    let [pictures, configs] = [0, 0];
    compositor.on('picture', () => (pictures += 1));
    compositor.on('config', () => (configs += 1));
    compositor.setPeople(
      inputs.map((camera, at) => ({
        ...{ peerId: `${at}`, name: '', isHost: false, camera, screen: null, hasLayers: false },
      })),
      'grid',
    );
    const startMs = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      const nowMs = performance.now();
      for (; startMs + sent * frameMs <= nowMs; sent += 1) {
        for (const [at, clip] of [clips.wide, clips.upright].entries())
          inputs[at]?.emit('picture', encodedPicture(clip, sent % 30, keyEvery), startMs + sent * frameMs);
      }
      compositor.draw(nowMs);
    }, frameMs);
    try {
      await waitUntil('the other one', () => compositor.hasPicture(inputs[1], performance.now()), 60_000);
      await waitUntil('pictures', () => pictures > 5, 60_000);
      expect(compositor.hasPicture(inputs[0], performance.now())).toBe(false);
      expect(configs).toBe(1);
    } finally {
      clearInterval(timer);
      await compositor.close();
    }
    const hopeless = new Compositor({ ...options, composerPath: '/bin/false' });
    let failures = 0;
    hopeless.on('failed', () => (failures += 1));
    await waitUntil(
      'that it gives up',
      () => {
        hopeless.draw(performance.now());
        return failures > 0;
      },
      60_000,
    );
    await hopeless.close();
    expect(failures).toBe(1);
  }, 240_000);
});
