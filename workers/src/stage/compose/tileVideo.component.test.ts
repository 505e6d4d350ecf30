import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@maydan/common';
import { waitUntil } from '@maydan/infra';
import { ffmpegPath } from '../../source/testing/media.ts';
import { PlayoutDelay } from '../room/PlayoutDelay.ts';
import { VideoInput } from '../room/VideoInput.ts';
import { NodeClock } from '../rtp/StreamClock.ts';
import { frameBytes } from '../video/FramePool.ts';
import { encodedPicture, makeClip } from '../testing/clip.ts';
import { childrenOf } from '../testing/processes.ts';
import { TileVideo } from './TileVideo.ts';

const log = createLogger('test', 'silent');
const frameMs = 1_000 / 30;
/** Pictures from one key frame to the next: a new decoder begins at once, and has all the more to make up for. */
const keyEvery = 6;
const large = { width: 320, height: 180, fit: 'cover' } as const;
const small = { width: 160, height: 90, fit: 'cover' } as const;

/** Remembers what it was told of decoding. */
class HeedfulInput extends VideoInput {
  readonly told: number[] = [];

  override decoded(captureMs: number, nowMs: number): void {
    this.told.push(captureMs);
    super.decoded(captureMs, nowMs);
  }
}

describe('the pictures of a tile', () => {
  let folder: string;
  let slowFfmpeg: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-tile-'));
    slowFfmpeg = join(folder, 'ffmpeg');
    // As on a busy machine, where a process takes longer to start than a picture has time.
    await writeFile(slowFfmpeg, `#!/bin/sh\nsleep 0.7\nexec '${ffmpegPath}' "$@"\n`);
    await chmod(slowFfmpeg, 0o755);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('never go back when the tile changes its size, nor move the playout, however long the new decoder takes to start', async () => {
    const others = childrenOf(process.pid).length;
    const processes = (): number => childrenOf(process.pid).length - others;
    const clip = await makeClip(
      { periodSec: 1, toneHz: 1_000, colour: '0x203050' },
      { codec: 'vp8', keyFrameIntervalSec: keyEvery / 30 },
    );
    const input = new HeedfulInput({
      codec: 'vp8',
      node: new NodeClock(),
      delay: new PlayoutDelay(),
      askKeyFrame: () => undefined,
    });
    const tile = new TileVideo({ ffmpegPath: slowFfmpeg, input, shape: small, log });
    const scratch = Buffer.alloc(frameBytes(large.width, large.height));
    const startMs = performance.now();
    const shown: number[] = [];
    let sent = 0;
    /** Somebody sends in real time; looked at as often as pictures are composed. */
    const tick = (): void => {
      const nowMs = performance.now();
      for (; startMs + sent * frameMs <= nowMs; sent += 1) {
        const picture = encodedPicture(clip, sent % clip.pictures.length, keyEvery);
        input.emit('picture', picture, startMs + sent * frameMs);
      }
      if (tile.advance(nowMs)) shown.push(tile.shownMs);
    };
    const timer = setInterval(tick, 10);
    try {
      await waitUntil('pictures that are told of', () => input.told.length > 0, 60_000);
      tile.setShape(large);
      await waitUntil('another decoder', () => processes() === 2, 60_000);
      await waitUntil('that it has taken over', () => processes() === 1, 60_000);
      const count = input.told.length;
      const until = new Set(shown).size + 50;
      await waitUntil('50 more pictures', () => new Set(shown).size >= until, 60_000);
      expect(input.told.length - count).toBeLessThan(10);
      expect(tile.picture(scratch)).toMatchObject({ width: 320, height: 180 });
      expect(shown).toEqual(shown.toSorted((a, b) => a - b));
    } finally {
      clearInterval(timer);
      tile.close();
      await waitUntil('the end of the decoders', () => processes() === 0, 20_000);
    }
  }, 90_000);
});
