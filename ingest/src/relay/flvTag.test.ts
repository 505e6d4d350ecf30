import type { TagKind } from '@maydan/common';
import { toFlvTag } from './flvTag.ts';

const hvc1 = [...Buffer.from('hvc1')];
const tagOf = (type: 8 | 9 | 18, bytes: readonly number[], timestampMs = 0) =>
  toFlvTag({ type, timestampMs, payload: Buffer.from(bytes) });

describe('FLV tags', () => {
  it('hold type, length, time and payload as FLV wants them', () => {
    const { bytes } = tagOf(9, [0x17, 1, 2], 0x00123456);
    expect(bytes.toString('hex')).toBe('09' + '000003' + '123456' + '00' + '000000' + '170102' + '0000000e');
  });

  it.each([
    [0xffffff, 'ffffff', '00'],
    [0x01000000, '000000', '01'],
    [0x8000000a, '00000a', '80'],
    [0xffffffff, 'ffffff', 'ff'],
  ])('keep all 32 bits of the time %i', (timestampMs, low, high) => {
    const { bytes } = tagOf(8, [0xaf, 1], timestampMs);
    expect(bytes.toString('hex', 4, 7)).toBe(low);
    expect(bytes.toString('hex', 7, 8)).toBe(high);
  });

  it('lose @setDataFrame', () => {
    const name = (text: string): number[] => [2, 0, text.length, ...Buffer.from(text)];
    const tag = tagOf(18, [...name('@setDataFrame'), ...name('onMetaData'), 5]);
    expect(tag.kind).toBe('metadata');
    expect([...tag.bytes.subarray(11, -4)]).toEqual([...name('onMetaData'), 5]);
    expect(tagOf(18, [...name('onMetaData'), 5]).kind).toBe('metadata');
    expect(tagOf(18, name('onCuePoint')).kind).toBe('data');
    expect(tagOf(18, [8, 1]).kind).toBe('data');
  });

  it.each<[string, 8 | 9, number[], TagKind]>([
    ['AVC configuration', 9, [0x17, 0], 'videoConfig'],
    ['AVC key frame', 9, [0x17, 1], 'keyFrame'],
    ['AVC frame', 9, [0x27, 1], 'frame'],
    ['end of an AVC sequence', 9, [0x17, 2], 'frame'],
    ['H.263 key frame', 9, [0x12, 0], 'keyFrame'],
    ['HEVC configuration, old form', 9, [0x1c, 0], 'videoConfig'],
    ['HEVC configuration', 9, [0x90, ...hvc1], 'videoConfig'],
    ['HEVC key frame', 9, [0x91, ...hvc1], 'keyFrame'],
    ['HEVC key frame without composition time', 9, [0x93, ...hvc1], 'keyFrame'],
    ['HEVC frame', 9, [0xa3, ...hvc1], 'frame'],
    ['HDR metadata', 9, [0x94, ...hvc1], 'frame'],
    ['key frame behind a ModEx', 9, [0x97, 2, 1, 2, 3, 0x01, ...hvc1], 'keyFrame'],
    ['AAC configuration', 8, [0xaf, 0], 'audioConfig'],
    ['AAC', 8, [0xaf, 1], 'audio'],
    ['MP3', 8, [0x2f, 0], 'audio'],
    ['Opus configuration', 8, [0x90, ...Buffer.from('Opus')], 'audioConfig'],
    ['Opus', 8, [0x91, ...Buffer.from('Opus')], 'audio'],
  ])('know %s', (_name, type, bytes, kind) => {
    expect(tagOf(type, bytes)).toMatchObject({ kind, track: 0 });
  });

  it('know the track of a multitrack message', () => {
    expect(tagOf(9, [0x96, 0x00, ...hvc1, 3])).toMatchObject({ kind: 'videoConfig', track: 3 });
    expect(tagOf(9, [0x96, 0x01, ...hvc1, 3])).toMatchObject({ kind: 'frame', track: 3 });
    expect(tagOf(9, [0x96, 0x01, ...hvc1, 0])).toMatchObject({ kind: 'keyFrame', track: 0 });
    expect(tagOf(9, [0x96, 0x10, ...hvc1, 0])).toMatchObject({ kind: 'videoConfig', track: 255 });
    expect(tagOf(8, [0x95, 0x00, ...Buffer.from('mp4a'), 1])).toMatchObject({
      kind: 'audioConfig',
      track: 1,
    });
  });

  it('are built of anything', () => {
    for (const bytes of [[0x97], [0x97, 255], [0x97, 255, 1, 0], [0x96], [0x90]]) {
      expect(tagOf(9, bytes).bytes).toHaveLength(11 + bytes.length + 4);
    }
    expect(tagOf(18, [2, 255]).kind).toBe('data');
  });
});
