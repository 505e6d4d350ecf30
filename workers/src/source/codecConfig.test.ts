import { Buffer } from 'node:buffer';
import { parseAacConfig, silentAacConfig, silentAacFrame } from './aacConfig.ts';
import { changedInBand, holdsIdr, parseAvcConfig } from './avcConfig.ts';
import { parseSps } from '@maydan/common';
import { expectOnlyRangeErrors } from './testing/anyDamage.ts';
import { withTiming } from './testing/withTiming.ts';

/** Configuration records written by x264 for the sources named. */
const records = {
  '1080p60 with B-frames':
    '0164002affe1001b6764002aacd940780227e5c044000003000400000301e03c60c65801000468ef8fcbfdf8f800',
  '180p30': '0142c00dffe100176742c00dda05067e7c0440000003004000000f03c50aa801000468ce0fc8',
  'portrait 29.97': '0142c028ffe100176742c028da01100f1e5f011000003e90000ea608f1832a01000568ce019720',
  'interlaced 576i 16:9':
    '0164001effe1001c6764001eacd940b424dff8020001688000000300800000190f8a14cb01000468fe8fcbfdf8f800',
  '10 bit 4:2:2 with matrices and HRD':
    '017a001effe10025677a001eb6cd940a02ff89c044000003000400000300c1808007a10001e84e4c30078b16cb01000568efbcc030fefafa00',
};
const sps = (name: keyof typeof records) => parseAvcConfig(Buffer.from(records[name], 'hex')).sps;

describe('parseAvcConfig', () => {
  it('gives size, profile, timing and reordering', () => {
    expect(sps('1080p60 with B-frames')).toEqual({
      profile: 100,
      level: 42,
      width: 1920,
      height: 1080,
      pixelAspect: 1,
      chromaFormat: 1,
      bitDepth: 8,
      mayBeInterlaced: false,
      frameRate: 60,
      reorderFrames: 2,
    });
    expect(sps('180p30')).toMatchObject({
      profile: 66,
      width: 320,
      height: 180,
      frameRate: 30,
      reorderFrames: 0,
    });
    const portrait = sps('portrait 29.97');
    expect(portrait).toMatchObject({ width: 1080, height: 1920 });
    expect(portrait.frameRate).toBeCloseTo(30000 / 1001, 6);
  });

  it('gives interlacing, pixel aspect, depth and chroma', () => {
    const interlaced = sps('interlaced 576i 16:9');
    expect(interlaced).toMatchObject({ width: 720, height: 576, mayBeInterlaced: true, frameRate: 25 });
    expect(interlaced.pixelAspect).toBeCloseTo(64 / 45, 3);
    expect(sps('10 bit 4:2:2 with matrices and HRD')).toMatchObject({
      profile: 122,
      width: 640,
      height: 360,
      chromaFormat: 2,
      bitDepth: 10,
      frameRate: 24,
      reorderFrames: 2,
    });
  });

  it('believes no frame rate that is none', () => {
    const nal = Buffer.from(records['180p30'], 'hex').subarray(8, 8 + 0x17);
    const rateWith = (unitsInTick: number, timeScale: number) =>
      parseSps(withTiming(nal, { unitsInTick: 1, timeScale: 60 }, { unitsInTick, timeScale })).frameRate;
    expect(rateWith(1, 50)).toBe(25);
    const senseless = [rateWith(2 ** 32 - 1, 1), rateWith(1, 2 ** 32 - 1), rateWith(0, 60)];
    expect(senseless).toEqual([null, null, null]);
  });

  it('throws RangeError, and nothing else, on cut or wrong bytes', () => {
    for (const hex of Object.values(records)) expectOnlyRangeErrors(hex, parseAvcConfig);
    expect(() => parseAvcConfig(Uint8Array.of(1, 2, 3))).toThrow(RangeError);
    expect(() => parseSps(Uint8Array.of(0x68, 1, 2))).toThrow(RangeError);
  });
});

describe('holdsIdr', () => {
  const nal = (type: number, size: number): number[] => [
    0,
    0,
    0,
    size,
    0x60 | type,
    ...Array<number>(size - 1),
  ];

  it('finds the IDR slice among other units', () => {
    expect(holdsIdr(Uint8Array.from([...nal(6, 9), ...nal(5, 30)]), 4)).toBe(true);
    expect(holdsIdr(Uint8Array.from([...nal(6, 9), ...nal(1, 30)]), 4)).toBe(false);
    expect(holdsIdr(Uint8Array.of(0, 0), 4)).toBe(false);
  });
});

describe('changedInBand', () => {
  const config = parseAvcConfig(Buffer.from(records['180p30'], 'hex'));
  /** Parameter sets of a record, followed by an IDR slice, as one access unit. */
  const unitWith = (hex: string): Buffer => {
    const record = Buffer.from(hex, 'hex');
    const spsEnd = 8 + record.readUInt16BE(6);
    const prefixed = (nal: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, nal.length]), nal]);
    const pps = record.subarray(spsEnd + 3, spsEnd + 3 + record.readUInt16BE(spsEnd + 1));
    return Buffer.concat([
      prefixed(record.subarray(8, spsEnd)),
      prefixed(pps),
      prefixed(Buffer.from([0x65, 1, 2])),
    ]);
  };

  it('makes a configuration of parameter sets that describe another picture', () => {
    const changed = changedInBand(unitWith(records['portrait 29.97']), config);
    expect(Buffer.from(changed?.record ?? []).toString('hex')).toBe(records['portrait 29.97']);
    expect(changed?.sps).toMatchObject({ width: 1080, height: 1920 });
  });

  it('leaves a repeated, missing or broken one alone', () => {
    expect(changedInBand(unitWith(records['180p30']), config)).toBeNull();
    expect(changedInBand(Uint8Array.of(0, 0, 0, 3, 0x65, 1, 2), config)).toBeNull();
    expect(changedInBand(Uint8Array.of(0, 0, 0, 4, 0x67, 1, 2, 3, 0, 0, 0, 2, 0x68, 1), config)).toBeNull();
  });
});

describe('parseAacConfig', () => {
  it('gives rate, channels and frame time', () => {
    expect(silentAacConfig).toMatchObject({ sampleRateHz: 48000, channels: 2, channelConfig: 2 });
    expect(silentAacConfig.frameDurationMs).toBeCloseTo(21.333, 3);
    expect(parseAacConfig(Uint8Array.of(0x12, 0x08))).toMatchObject({ sampleRateHz: 44100, channels: 1 });
    // HE-AAC: 24 kHz core, 48 kHz out, 1024 core samples a frame.
    const he = parseAacConfig(Uint8Array.of(0x2b, 0x11, 0x88, 0));
    expect(he).toMatchObject({ sampleRateHz: 48000, channels: 2 });
    expect(he.frameDurationMs).toBeCloseTo(42.667, 3);
  });

  it('throws RangeError on senseless records', () => {
    for (const record of [[], [0x12], [0x17, 0x08], [0x11, 0xf8]]) {
      expect(() => parseAacConfig(Uint8Array.from(record))).toThrow(RangeError);
    }
  });
});

describe('silentAacFrame', () => {
  it('exists for every channel layout that has a fixed one', () => {
    expect(Buffer.from(silentAacFrame(1) ?? []).toString('hex')).toBe('00000007');
    for (const layout of [1, 2, 3, 4, 5, 6, 7]) expect(silentAacFrame(layout)).not.toBeNull();
    expect(silentAacFrame(0)).toBeNull();
  });
});
