import { Buffer } from 'node:buffer';
import { parseAacConfig, silentAacFrame } from './aacConfig.ts';
import { aacConfigTag, aacFrameTag, avcConfigTag, avcFrameTag, flvHeader } from './flv/writeFlv.ts';
import { slateConfig, slatePicture } from './slate.ts';
import { runFfmpeg } from './testing/media.ts';

const strict = ['-xerror', '-err_detect', 'explode', '-f', 'flv', '-i', 'pipe:0'];

describe('what stands in for a missing track', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('is decodable silence for AAC channel configuration %d', async (layout) => {
    const config = parseAacConfig(Uint8Array.of(0x12, layout << 3));
    const frame = silentAacFrame(layout) ?? new Uint8Array(0);
    const tags = Array.from({ length: 50 }, (_, at) => aacFrameTag(at * config.frameDurationMs, frame));
    const flv = Buffer.concat([
      flvHeader({ video: false, audio: true }),
      aacConfigTag(0, config.record),
      ...tags,
    ]);
    const samples = await runFfmpeg([...strict, '-f', 's16le', 'pipe:1'], flv);
    expect(samples.length).toBe(50 * 1024 * 2 * config.channels);
    expect(samples.every((byte) => byte === 0)).toBe(true);
  });

  it('is a decodable black picture', async () => {
    const frame = { key: true, compositionMs: 0, data: slatePicture };
    const tags = Array.from({ length: 30 }, (_, at) => avcFrameTag(at * 40, frame));
    const header = [flvHeader({ video: true, audio: false }), avcConfigTag(0, slateConfig.record)];
    const flv = Buffer.concat([...header, ...tags]);
    const pixels = await runFfmpeg([...strict, '-pix_fmt', 'gray', '-f', 'rawvideo', 'pipe:1'], flv);
    expect(pixels.length).toBe(30 * 320 * 180);
    expect(Math.max(...pixels.subarray(-320 * 180))).toBeLessThan(20);
  });
});
