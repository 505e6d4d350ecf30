import { Buffer } from 'node:buffer';
import { parseAv1Config } from './av1Config.ts';
import { expectOnlyRangeErrors } from './testing/anyDamage.ts';
import { configWithin, isTaken, parseVideoConfig } from './videoConfig.ts';
import { parseVp9KeyFrame } from '@maydan/common';

/** Configuration records written by SVT-AV1 and libaom for the sources named. */
const av1Records = {
  '720p': '81050c000a0b0000002d4cffb3c02f8004',
  '180p, 10 bit': '81004c000a0b000000043cfeccdaf94040',
};
/** Beginnings of key frames of libvpx for the sources named. */
const vp9Frames = {
  '180p': '824983420013f00b360638241c184a000ce05fcdf7fbfcdf',
  '180p, 10 bit 4:4:4': 'b124c1a100009f8059b031c120e0c2c00071005fc9f7dbfc',
};
const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

describe('the configuration of AV1', () => {
  it('gives size, profile, level, depth and chroma', () => {
    expect(parseAv1Config(bytes(av1Records['720p']))).toMatchObject({
      codec: 'av1',
      sps: { profile: 0, level: 31, width: 1280, height: 720, bitDepth: 8, chromaFormat: 1 },
    });
    const { sps } = parseAv1Config(bytes(av1Records['180p, 10 bit']));
    expect(sps).toMatchObject({ width: 320, height: 180, bitDepth: 10, chromaFormat: 1 });
  });

  it('throws RangeError, and nothing else, on cut or wrong bytes', () => {
    for (const hex of Object.values(av1Records)) expectOnlyRangeErrors(hex, parseAv1Config);
    expect(() => parseAv1Config(Uint8Array.of(0x81, 5, 12, 0))).toThrow('no sequence header');
  });
});

describe('the configuration of VP9', () => {
  const [small, deep] = [bytes(vp9Frames['180p']), bytes(vp9Frames['180p, 10 bit 4:4:4'])];

  it('stands in key frames, and is told when it changes', () => {
    const config = configWithin(small, 'vp9', null);
    expect(config).toMatchObject({
      codec: 'vp9',
      sps: { profile: 0, width: 320, height: 180, bitDepth: 8, chromaFormat: 1 },
    });
    expect(configWithin(small, 'vp9', config)).toBeNull();
    expect(configWithin(deep, 'vp9', config)).toMatchObject({
      sps: { profile: 3, width: 320, height: 180, bitDepth: 10, chromaFormat: 3 },
    });
    expect(parseVideoConfig('vp9', Uint8Array.of(1, 2))).toBeNull();
  });

  it('does not stand in anything else', () => {
    const inter = Uint8Array.from(small, (byte, at) => (at === 0 ? byte | 4 : byte));
    for (const frame of [inter, small.subarray(0, 6), new Uint8Array(0), Uint8Array.of(1, 2, 3)])
      expect(configWithin(frame, 'vp9', null)).toBeNull();
    for (const hex of Object.values(vp9Frames)) expectOnlyRangeErrors(hex, parseVp9KeyFrame);
  });
});

it('pictures of other codecs are not taken', () => {
  expect(['h264', 'hevc', 'av1', 'vp9', 'vp8', 'h263', 'toString'].filter(isTaken)).toEqual([
    'h264',
    'hevc',
    'av1',
    'vp9',
  ]);
});
