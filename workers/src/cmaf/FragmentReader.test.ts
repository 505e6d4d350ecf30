import { makeBox, readBoxes } from './boxes.ts';
import { buildFragment, buildFragments, type Fragment, type FragmentSample } from './buildFragment.ts';
import { FragmentError } from './FragmentError.ts';
import { FragmentReader, type FragmentReaderOptions, type Sample } from './FragmentReader.ts';
import type { TrackInit } from './initSegment.ts';
import { aacEntry, avcEntry, makeMoof, makeMoov } from './testing/syntheticMovie.ts';

const video = makeMoov({ handler: 'vide', timescale: 90000 });

function frame(byte: number, length: number, more: Partial<FragmentSample> = {}): FragmentSample {
  return { duration: 3000, cts: 0, isKey: false, data: Buffer.alloc(length, byte), ...more };
}

const fragments: Fragment[] = [
  {
    sequenceNumber: 1,
    trackId: 1,
    baseMediaDecodeTime: 900000,
    samples: [frame(1, 700, { isKey: true, cts: 6000 })],
  },
  { sequenceNumber: 2, trackId: 1, baseMediaDecodeTime: 903000, samples: [frame(2, 20, { cts: -3000 })] },
  {
    sequenceNumber: 3,
    trackId: 1,
    baseMediaDecodeTime: 2 ** 33,
    samples: [frame(3, 1), frame(4, 40, { duration: 2970 }), frame(5, 9, { isKey: true })],
  },
];
const stream = Buffer.concat([makeBox('ftyp', Buffer.alloc(20)), video, ...fragments.map(buildFragment)]);

interface Collected {
  readonly inits: TrackInit[];
  readonly samples: Sample[];
  readonly reader: FragmentReader;
}

function read(chunks: Iterable<Uint8Array>, limits: Partial<FragmentReaderOptions> = {}): Collected {
  const inits: TrackInit[] = [];
  const samples: Sample[] = [];
  const onInit = (init: TrackInit): void => void inits.push(init);
  const onSample = (sample: Sample): void => void samples.push(sample);
  const reader = new FragmentReader({ onInit, onSample, ...limits });
  for (const chunk of chunks) reader.push(chunk);
  return { inits, samples, reader };
}

function failureOf(bytes: Uint8Array, limits: Partial<FragmentReaderOptions> = {}): string {
  try {
    read([bytes], limits);
  } catch (error) {
    if (error instanceof FragmentError) return error.reason;
    throw error;
  }
  return 'none';
}

function* cutEvery(bytes: Buffer, size: number): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

const plain = ({ data, ...times }: Sample): object => ({ ...times, length: data.length, first: data[0] });
const expected = [
  { dts: 900000, cts: 6000, duration: 3000, isKey: true, length: 700, first: 1 },
  { dts: 903000, cts: -3000, duration: 3000, isKey: false, length: 20, first: 2 },
  { dts: 2 ** 33, cts: 0, duration: 3000, isKey: false, length: 1, first: 3 },
  { dts: 2 ** 33 + 3000, cts: 0, duration: 2970, isKey: false, length: 40, first: 4 },
  { dts: 2 ** 33 + 5970, cts: 0, duration: 3000, isKey: true, length: 9, first: 5 },
];

describe('FragmentReader', () => {
  it.each([1, 2, 7, 8, 9, 100, 333, 1_000_000])('reads the same from chunks of %i bytes', (size) => {
    const { inits, samples, reader } = read(cutEvery(stream, size));
    expect(samples.map(plain)).toEqual(expected);
    for (const { data } of samples) expect(new Set(data).size).toBe(1);
    expect(inits).toHaveLength(1);
    expect(inits[0]).toMatchObject({
      timescale: 90000,
      handler: 'vide',
      codecs: 'avc1.64001f',
      width: 320,
      height: 180,
    });
    expect(reader.atBoundary).toBe(true);
  });

  it('gives a sample as soon as its last byte is there, without copying one that lies in a chunk', () => {
    const { samples, reader } = read([]);
    const last = stream.length - 1;
    reader.push(stream.subarray(0, last));
    expect(samples).toHaveLength(4);
    expect(samples[0]?.data.buffer).toBe(stream.buffer);
    expect(reader.atBoundary).toBe(false);
    reader.push(stream.subarray(last));
    expect(samples).toHaveLength(5);
  });

  it('skips unknown boxes anywhere, also large ones, and bytes of mdat that belong to no sample', () => {
    const free = makeBox('free', Buffer.alloc(100_000));
    const large = Buffer.alloc(16 + 5000);
    large.writeUInt32BE(1);
    large.write('uuid', 4, 'latin1');
    large.writeBigUInt64BE(BigInt(large.length), 8);
    const [moof, mdat] = readBoxes(makeMoofAndPaddedMdat());
    const parts = [free, video, large, moof?.whole, mdat?.whole, makeBox('mfra'), buildFragmentAt(2)];
    const bytes = Buffer.concat(parts.filter((part) => part !== undefined));
    for (const size of [5, 4096, bytes.length]) {
      expect(read(cutEvery(bytes, size)).samples.map(plain)).toEqual([
        { dts: 50, cts: 0, duration: 7, isKey: false, length: 3, first: 0xaa },
        { dts: 57, cts: 0, duration: 7, isKey: true, length: 3, first: 0xbb },
        ...expected.slice(2),
      ]);
    }
  });

  it('takes defaults from trex, sizes from tfhd, signed offsets and a first-sample flag from trun', () => {
    const moov = makeMoov({ handler: 'soun', timescale: 48000, trex: false });
    const truns = [[0x01000805, 2, 116, 0x02000000, 0xffffff00, 16]];
    const moof = makeMoof([0x020038, 1, 1024, 2, 0x01010000], [0, 4096], ...truns);
    const { samples, inits } = read([moov, moof, makeBox('mdat', Buffer.from([1, 1, 2, 2]))]);
    expect(inits[0]).toMatchObject({
      timescale: 48000,
      handler: 'soun',
      codecs: 'mp4a.40.2',
    });
    expect(samples.map(plain)).toEqual([
      { dts: 4096, cts: -256, duration: 1024, isKey: true, length: 2, first: 1 },
      { dts: 5120, cts: 16, duration: 1024, isKey: false, length: 2, first: 2 },
    ]);
  });

  it.each([
    ['text', Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n'), 'malformed'],
    ['zeroes', Buffer.alloc(64), 'malformed'],
    ['a box up to the end of the file', Buffer.from([0, 0, 0, 0, 0x6d, 0x64, 0x61, 0x74]), 'malformed'],
    ['a fragment before moov', buildFragmentAt(0), 'malformed'],
    ['a second moov', Buffer.concat([video, video]), 'unsupported'],
    [
      'two tracks',
      makeMoov({ handler: 'vide', timescale: 1 }, { handler: 'soun', timescale: 1, trackId: 2 }),
      'unsupported',
    ],
    ['no tracks', makeMoov(), 'unsupported'],
    ['a time scale of 0', makeMoov({ handler: 'vide', timescale: 0 }), 'malformed'],
    ['another codec', withEntry(makeBox('hvc1', Buffer.alloc(90))), 'unsupported'],
    ['MP3 in mp4a', withEntry(aacEntry([0x11, 0x90], 0x6b)), 'unsupported'],
    ['an entry without avcC', withEntry(makeBox('avc1', Buffer.alloc(78))), 'malformed'],
    ['an entry cut short', withEntry(makeBox('avc1', Buffer.alloc(10))), 'malformed'],
    ['moof without mdat', Buffer.concat([video, onlyMoof(), onlyMoof()]), 'malformed'],
    [
      'a sample past its mdat',
      Buffer.concat([video, onlyMoof(), makeBox('mdat', Buffer.alloc(699))]),
      'malformed',
    ],
    [
      'a trun cut short',
      Buffer.concat([video, makeMoof([0x020000, 1], [0, 0], [0x0f00, 9, 1, 2])]),
      'malformed',
    ],
    ['a forged count', Buffer.concat([video, makeMoof([0x020000, 1], [0, 0], [0, 0xffffffff])]), 'tooLarge'],
    ['absolute data offsets', Buffer.concat([video, makeMoof([1, 1, 0, 0], [0, 0], [0, 0])]), 'unsupported'],
  ])('refuses %s', (_name, bytes, reason) => {
    expect(failureOf(bytes)).toBe(reason);
  });

  it('refuses headers and samples above its limits before they are there, and stays refused', () => {
    expect(failureOf(stream.subarray(0, 36), { maxHeaderBytes: 100 })).toBe('tooLarge');
    expect(failureOf(stream, { maxSampleBytes: 699 })).toBe('tooLarge');
    expect(failureOf(stream, { maxSampleBytes: 700 })).toBe('none');
    const { reader } = read([]);
    expect(() => {
      reader.push(Buffer.alloc(8));
    }).toThrow(FragmentError);
    expect(() => {
      reader.push(stream);
    }).toThrow(FragmentError);
  });
});

describe('readInitSegment', () => {
  it('removes edit list and user data, adds trex, and says the brands', () => {
    const moov = makeMoov({ handler: 'vide', timescale: 90000, editList: true, trex: false, trackId: 3 });
    const init = Buffer.from(read([moov]).inits[0]?.bytes ?? []);
    const [ftyp, clean] = readBoxes(init);
    expect(ftyp?.payload.toString('latin1')).toBe('iso6\0\0\0\0iso6cmfcmp41');
    expect(readBoxes(clean?.payload ?? init).map(({ type }) => type)).toEqual(['mvhd', 'trak', 'mvex']);
    expect(init.includes('edts')).toBe(false);
    expect(init.includes('udta')).toBe(false);
    const again = read([init, buildFragment({ ...fragmentAt(0), trackId: 3 })]);
    expect(again.inits[0]).toMatchObject({ trackId: 3, width: 320 });
    expect(again.samples).toHaveLength(1);
  });

  it.each([
    [[0x11, 0x90], 'mp4a.40.2'],
    [[0x29, 0x90], 'mp4a.40.5'],
    [[0xf9, 0x40], 'mp4a.40.42'],
  ])('names the audio object type of %j as %s', (config, codecs) => {
    const { inits } = read([makeMoov({ handler: 'soun', timescale: 48000, sampleEntry: aacEntry(config) })]);
    expect(inits[0]?.codecs).toBe(codecs);
  });
});

describe('buildFragments', () => {
  it('writes several fragments in one piece, each readable from its offset', () => {
    const { bytes, offsets } = buildFragments(fragments);
    expect(bytes.equals(Buffer.concat(fragments.map(buildFragment)))).toBe(true);
    expect(offsets[0]).toBe(0);
    const third = read([video, bytes.subarray(offsets[2])]);
    expect(third.samples.map(plain)).toEqual(expected.slice(2));
  });

  it('says what samples have in common once', () => {
    const samples = [1, 2, 3].map((byte) => frame(byte, 100, { duration: 1024, isKey: true }));
    const bytes = buildFragment({ sequenceNumber: 9, trackId: 1, baseMediaDecodeTime: 0, samples });
    expect(bytes.length).toBe(8 + 16 + 8 + 24 + 20 + 20 + 3 * 4 + 8 + 300);
    expect(read([video, bytes]).samples.map(({ duration, isKey }) => [duration, isKey])).toEqual(
      samples.map(() => [1024, true]),
    );
  });
});

function fragmentAt(index: number): Fragment {
  const fragment = fragments[index];
  if (fragment === undefined) throw new RangeError(`No fragment ${index}.`);
  return fragment;
}

function buildFragmentAt(index: number): Buffer {
  return buildFragment(fragmentAt(index));
}

function onlyMoof(): Buffer {
  return readBoxes(buildFragmentAt(0))[0]?.whole ?? Buffer.alloc(0);
}

function withEntry(sampleEntry: Buffer): Buffer {
  return makeMoov({ handler: 'vide', timescale: 90000, sampleEntry });
}

/** Two runs with bytes of no sample before, between and after them. */
function makeMoofAndPaddedMdat(): Buffer {
  const build = (size: number): Buffer =>
    makeMoof(
      [0x020038, 1, 7, 3, 0x01010000],
      [0, 50],
      [0x1, 1, size + 8 + 4],
      [0x5, 1, size + 8 + 11, 0x02000000],
    );
  const moof = build(build(0).length);
  const data = Buffer.alloc(20, 0xff);
  data.fill(0xaa, 4, 7).fill(0xbb, 11, 14);
  return Buffer.concat([moof, makeBox('mdat', data)]);
}

describe('avcEntry', () => {
  it('carries the size of the picture', () => {
    const moov = makeMoov({ handler: 'vide', timescale: 90000, sampleEntry: avcEntry(720, 1280) });
    expect(read([moov]).inits[0]).toMatchObject({ width: 720, height: 1280 });
  });
});
