import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '@maydan/common';
import { waitUntil } from '@maydan/infra';
import { memoryFolder, socketFolderPrefix } from '../../ffmpeg/LegEncoder.ts';
import { ffmpegPath } from '../../source/testing/media.ts';
import { encodedPicture, makeClip, type Clip } from '../testing/clip.ts';
import { childrenOf } from '../testing/processes.ts';
import { frameBytes } from './FramePool.ts';
import { VideoDecoder } from './VideoDecoder.ts';

const log = createLogger('test', 'silent');
const size = { width: 160, height: 90 };
/** No whole number, as on a stage. */
const captureOf = (at: number): number => 5_000.25 + (at * 1_000) / 30;
/** The clip is white for 0.12 s, and dark then. */
const whitePictures = 4;

/** Folders of this process's pictures. */
const folders = (): string[] =>
  [memoryFolder, join(socketFolderPrefix(), '..')].flatMap((root) =>
    readdirSync(root)
      .filter((name) => join(root, name).startsWith(socketFolderPrefix(root)))
      .map((name) => join(root, name)),
  );

describe('a decoder of one track', () => {
  const clips = new Map<Clip['codec'], Clip>();
  let decoder: VideoDecoder;

  beforeAll(async () => {
    for (const codec of ['vp8', 'h264'] as const)
      clips.set(
        codec,
        await makeClip({ periodSec: 1, toneHz: 1_000, colour: '0x203050' }, { codec, durationSec: 2 }),
      );
  }, 60_000);
  afterEach(async () => {
    await decoder.close();
    await waitUntil('no folders', () => folders().length === 0, 20_000);
  }, 30_000);

  const open = (codec: Clip['codec']): ((count: number) => void) => {
    const clip = clips.get(codec);
    if (clip === undefined) throw new Error('no clip');
    decoder = new VideoDecoder({ ffmpegPath, codec, shape: { ...size, fit: 'cover' }, log });
    let next = 0;
    return (count) => {
      for (let index = 0; index < count; index += 1, next += 1)
        decoder.decode(encodedPicture(clip, next), captureOf(next));
    };
  };
  const bytes = Buffer.alloc(frameBytes(size.width, size.height));
  const lumaShown = (): number => {
    expect(decoder.read(bytes)).toBe(true);
    return bytes.subarray(0, size.width * size.height).reduce((sum, luma) => sum + luma, 0) / (160 * 90);
  };
  /** Waits for exactly that picture. */
  const arrival = (at: number): Promise<void> =>
    waitUntil(
      `picture ${at}`,
      () => decoder.advance(captureOf(at) + 1)?.captureMs === captureOf(at),
      20_000,
      5,
    );

  it.each(['vp8', 'h264'] as const)(
    'gives every picture of %s its own time, and none before that',
    async (codec) => {
      const decode = open(codec);
      expect(decoder.advance(Infinity)).toBeNull();
      expect(decoder.read(bytes)).toBe(false);
      const fromMs = performance.now();
      decode(8);
      expect(decoder.advance(captureOf(0) - 1)).toBeNull();
      for (let at = 0; at < 8; at += 1) {
        await arrival(at);
        if (at < whitePictures) expect(lumaShown()).toBeGreaterThan(200);
        else expect(lumaShown()).toBeLessThan(100);
        expect(decoder.advance(captureOf(at) + 1)).toBeNull();
      }
      decode(1);
      let last = null as ReturnType<VideoDecoder['advance']>;
      await waitUntil('the last one', () => (last = decoder.advance(Infinity)) !== null, 20_000, 5);
      expect(last?.captureMs).toBe(captureOf(8));
      // File times are those of the kernel's clock, which may go in steps.
      expect(last?.decodedMs).toBeGreaterThan(fromMs - 20);
      expect(last?.decodedMs).toBeLessThanOrEqual(performance.now());
    },
  );

  it('keeps few pictures that nobody fetches, and uses their files again', async () => {
    const decode = open('h264');
    const [folder = ''] = folders();
    decode(60);
    await arrival(59);
    const clip = clips.get('h264');
    if (clip === undefined) throw new Error('no clip');
    for (let at = 60; at < 370; at += 1) {
      decoder.decode(encodedPicture(clip, at % 60), captureOf(at));
      await arrival(at);
    }
    // Also those that came when they were given up already are cleared away.
    expect(readdirSync(folder).length).toBeLessThan(24);
  }, 60_000);

  it('tells that it was killed while its last picture can still be read, and leaves nothing', async () => {
    const others = new Set(childrenOf(process.pid));
    const decode = open('vp8');
    decode(5);
    await arrival(4);
    const before = lumaShown();
    let lumaAtEnd = 0;
    decoder.on('closed', () => (lumaAtEnd = lumaShown()));
    for (const pid of childrenOf(process.pid)) if (!others.has(pid)) process.kill(pid, 'SIGKILL');
    await once(decoder, 'closed');
    expect(lumaAtEnd).toBe(before);
    await waitUntil('no folders', () => folders().length === 0, 20_000);
    expect(decoder.read(bytes)).toBe(false);
  });
});
