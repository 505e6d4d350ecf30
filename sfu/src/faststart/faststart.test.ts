import { compress } from './compress.ts';
import { GroupCache } from './GroupCache.ts';
import { beginsKeyFrame, headerExtension, readRtp, writeRtp, type RtpPacket } from './rtpPacket.ts';

const sps = Buffer.from([0x67, 66]);
const slice = Buffer.from([0x41, 1]);
const packet = (sequence: number, payload = slice, timestamp = sequence * 3_000): RtpPacket => ({
  sequence: sequence & 0xffff,
  timestamp,
  marker: true,
  payload,
});
const limits = { maxBytes: 1_000, maxMs: 10_000 };
const sequences = (cache: GroupCache): number[] | undefined => cache.packets?.map(({ sequence }) => sequence);

describe('RTP packets', () => {
  it('are read whatever stands before and after the payload', () => {
    const plain = Buffer.from('80e10102000003e800000007' + '4101', 'hex');
    expect(readRtp(plain)).toEqual({ sequence: 0x102, timestamp: 1_000, marker: true, payload: slice });
    const rich = Buffer.from(
      'b1610102000003e800000007' + '0000000b' + 'bede0001' + '10aa0000' + '410102' + '02',
      'hex',
    );
    expect(readRtp(rich)?.payload.toString('hex')).toBe('4101');
    expect(readRtp(Buffer.from('80e10102000003e800000007', 'hex'))).toBeNull();
    expect(readRtp(Buffer.from('ffff', 'hex'))).toBeNull();
    expect(readRtp(Buffer.from('90e10102000003e8000000070000ffff', 'hex'))).toBeNull();
  });

  it.each([
    ['of one byte, longer than all', '90', 'bede0001' + '3a940000', 3, null],
    ['of one byte, behind another and padding', '90', 'bede0002' + '10aa0030' + '94000000', 3, '94'],
    ['of one byte, of more', '90', 'bede0001' + '32aabbcc', 3, 'aabbcc'],
    ['behind contributing sources', '91', '0000000b' + 'bede0001' + '30940000', 3, '94'],
    ['of another id', '90', 'bede0001' + '40940000', 3, null],
    ['behind what ends the list', '90', 'bede0001' + 'f0003094', 3, null],
    ['of two bytes', '90', '10000001' + '03019400', 3, '94'],
    ['of two bytes, with bits of the application', '90', '10050002' + '01000020' + '02aabb00', 32, 'aabb'],
    ['of two bytes, empty', '90', '10000001' + '03000000', 3, ''],
    ['of two bytes, cut off', '90', '10000001' + '00000003', 3, null],
    ['of an unknown kind', '90', 'abcd0001' + '30940000', 3, null],
    ['of none', '80', '30940000', 3, null],
    ['of less than it says', '90', 'bede0005' + '3f94', 3, null],
    ['of a header alone', '90', '', 3, null],
  ])('have header extensions %s', (_how, first, extension, id, found) => {
    const bytes = Buffer.from(`${first}e10102000003e800000007${extension}`, 'hex');
    expect(headerExtension(bytes, id)?.toString('hex') ?? null).toBe(found);
  });

  it('are written with other numbers', () => {
    const numbers = { payloadType: 96, ssrc: 9, sequence: 65_537, timestamp: 2 ** 32 + 5 };
    expect(writeRtp(packet(1), numbers).toString('hex')).toBe('80e000010000000500000009' + '4101');
  });

  it.each([
    ['6742', true],
    ['7800046742c00d000268ce', true],
    ['7c8742', true],
    ['7c0742', false],
    ['6588', false],
    ['78000268ce', false],
    ['78', false],
  ])('%s begins a key frame: %s', (payload, expected) => {
    expect(beginsKeyFrame(Buffer.from(payload, 'hex'))).toBe(expected);
  });
});

describe('the group of pictures', () => {
  it('begins with each key frame and is kept over the wrap of sequence numbers', () => {
    const cache = new GroupCache(limits);
    cache.add(packet(1), 0);
    expect(cache.packets).toBeNull();
    cache.add(packet(65_534, sps), 10);
    for (let index = 65_535; index < 65_539; index += 1) cache.add(packet(index), 20);
    expect(sequences(cache)).toEqual([65_534, 65_535, 0, 1, 2]);
    cache.add(packet(3, sps), 2_010);
    expect(sequences(cache)).toEqual([3]);
    expect(cache.keyFrameIntervalMs).toBe(2_000);
  });

  it('is not offered with a hole, but again when it is filled', () => {
    const cache = new GroupCache(limits);
    cache.add(packet(1, sps), 0);
    cache.add(packet(2), 0);
    cache.add(packet(4), 0);
    expect(cache.packets).toBeNull();
    expect(cache.hasGroup).toBe(true);
    cache.add(packet(3), 0);
    cache.add(packet(3), 0);
    expect(sequences(cache)).toEqual([1, 2, 3, 4]);
  });

  it('ignores what is older than its key frame', () => {
    const cache = new GroupCache(limits);
    cache.add(packet(10, sps), 0);
    cache.add(packet(9), 0);
    expect(sequences(cache)).toEqual([10]);
  });

  it('is given up when it grows too large or too old, until the next key frame', () => {
    const cache = new GroupCache(limits);
    cache.add(packet(1, sps), 0);
    cache.add(packet(2, Buffer.alloc(1_000, 0x41)), 0);
    cache.add(packet(3), 0);
    expect(cache.packets).toBeNull();
    cache.add(packet(4, sps), 100);
    cache.add(packet(5), 10_200);
    expect(cache.packets).toBeNull();
    cache.add(packet(6, sps), 10_300);
    expect(sequences(cache)).toEqual([6]);
  });
});

describe('timestamps of a burst', () => {
  it('move together before the last picture, which keeps its own', () => {
    const group = [
      packet(1, sps, 1_000),
      packet(2, slice, 1_000),
      packet(3, slice, 4_000),
      packet(4, slice, 7_000),
    ];
    expect(compress(group).map(({ timestamp }) => timestamp)).toEqual([6_820, 6_820, 6_910, 7_000]);
    expect(compress([])).toEqual([]);
  });

  it('wrap', () => {
    const group = [packet(1, sps, 2 ** 32 - 3_000), packet(2, slice, 0), packet(3, slice, 30)];
    expect(compress(group).map(({ timestamp }) => timestamp)).toEqual([2 ** 32 - 150, 2 ** 32 - 60, 30]);
  });
});
