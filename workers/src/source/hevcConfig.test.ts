import { Buffer } from 'node:buffer';
import { parseHevcSps } from '@maydan/common';
import { parseHevcConfig } from './hevcConfig.ts';
import { expectOnlyRangeErrors } from './testing/anyDamage.ts';
import { withTiming } from './testing/withTiming.ts';

/** Configuration records written by x265 for the sources named. */
const records = {
  '180p30':
    '0101600000009000000000003cf000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003cba0240a10001002942010101600000030090000003000003003ca00a080c1f3e5ba4a4c2f0168080000003008000000f04a2000100064401c073c189',
  '1080p59.94 with B-frames':
    '0101600000009000000000007bf000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003007b959409a10001002942010101600000030090000003000003007ba003c08010e596565924caf01680800001f48000753004a2000100074401c172b46240',
  '576p25 16:9, 10 bit 4:2:2, with scaling lists and HRD':
    '0104080000009d08000000005af000fcfefafa00000f04a00001001740010c01ffff0408000003009d0800000300005a959409a1000100384201010408000003009d0800000300005ab005a200904d965654a4e17ff80200016b40400000030040000006580525978003d090007a1220a2000100064401c073c18927000100064e0181010f80',
};
const read = (name: keyof typeof records) => parseHevcConfig(Buffer.from(records[name], 'hex'));

describe('parseHevcConfig', () => {
  it('gives size, profile, timing and reordering', () => {
    expect(read('180p30')).toMatchObject({ codec: 'hevc', lengthSize: 4 });
    expect(read('180p30').sps).toEqual({
      profile: 1,
      level: 20,
      width: 320,
      height: 180,
      pixelAspect: 1,
      chromaFormat: 1,
      bitDepth: 8,
      mayBeInterlaced: false,
      frameRate: 30,
      reorderFrames: 0,
    });
    const { sps } = read('1080p59.94 with B-frames');
    expect(sps).toMatchObject({ width: 1920, height: 1080, level: 41, reorderFrames: 2 });
    expect(sps.frameRate).toBeCloseTo(60000 / 1001, 6);
  });

  it('gives pixel aspect, depth and chroma', () => {
    const { sps } = read('576p25 16:9, 10 bit 4:2:2, with scaling lists and HRD');
    expect(sps).toMatchObject({
      ...{ profile: 4, width: 720, height: 576 },
      ...{ chromaFormat: 2, bitDepth: 10, frameRate: 25 },
    });
    expect(sps.pixelAspect).toBeCloseTo(64 / 45, 6);
  });

  it('believes no frame rate that is none', () => {
    const record = Buffer.from(records['180p30'], 'hex');
    const nal = record.subarray(record.indexOf('42010101', 0, 'hex'));
    const rateWith = (unitsInTick: number, timeScale: number) =>
      parseHevcSps(withTiming(nal, { unitsInTick: 1, timeScale: 30 }, { unitsInTick, timeScale })).frameRate;
    expect(rateWith(1, 25)).toBe(25);
    const senseless = [rateWith(2 ** 32 - 1, 1), rateWith(1, 2 ** 32 - 1), rateWith(0, 60)];
    expect(senseless).toEqual([null, null, null]);
  });

  it('throws RangeError, and nothing else, on cut or wrong bytes', () => {
    for (const hex of Object.values(records)) expectOnlyRangeErrors(hex, parseHevcConfig);
    expect(() => parseHevcConfig(Uint8Array.of(1, 2, 3))).toThrow(RangeError);
    expect(() => parseHevcSps(Uint8Array.of(0x40, 1, 2))).toThrow(RangeError);
  });
});
