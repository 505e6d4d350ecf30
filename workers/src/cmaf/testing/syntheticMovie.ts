import { makeBox } from '../boxes.ts';

/** Builders of small movie headers for tests: what ffmpeg writes, reduced to the boxes that matter. */

const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
};

export interface SyntheticTrack {
  readonly handler: 'vide' | 'soun';
  readonly timescale: number;
  readonly trackId?: number;
  readonly editList?: boolean;
  readonly sampleEntry?: Buffer;
  readonly trex?: boolean;
}

/** An avc1 entry: H.264 High, level 3.1, of this size. */
export function avcEntry(width = 320, height = 180): Buffer {
  const fixed = Buffer.alloc(78);
  fixed.writeUInt16BE(width, 24);
  fixed.writeUInt16BE(height, 26);
  return makeBox('avc1', fixed, makeBox('avcC', Buffer.from([1, 0x64, 0x00, 0x1f, 0xff, 0xe0, 0])));
}

/** An mp4a entry: AAC-LC (or another audio object type), with the long form of descriptor lengths as ffmpeg's. */
export function aacEntry(config: readonly number[] = [0x11, 0x90], objectType = 0x40): Buffer {
  const descriptor = (tag: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([tag, 0x80, 0x80, 0x80, content.length]), content]);
  const specific = descriptor(5, Buffer.from(config));
  const decoder = descriptor(4, Buffer.concat([Buffer.from([objectType, 0x15]), Buffer.alloc(11), specific]));
  const stream = descriptor(3, Buffer.concat([Buffer.from([0, 1, 0]), decoder]));
  return makeBox('mp4a', Buffer.alloc(28), makeBox('esds', words(0), stream));
}

function makeTrack({
  handler,
  timescale,
  trackId = 1,
  editList = false,
  sampleEntry,
}: SyntheticTrack): Buffer {
  const entry = sampleEntry ?? (handler === 'vide' ? avcEntry() : aacEntry());
  const stsd = makeBox('stsd', words(0, 1), entry);
  const media = makeBox(
    'mdia',
    makeBox('mdhd', words(0, 0, 0, timescale, 0, 0)),
    makeBox('hdlr', words(0, 0), Buffer.from(handler), words(0, 0, 0, 0)),
    makeBox('minf', makeBox('stbl', stsd)),
  );
  const edits = editList ? [makeBox('edts', makeBox('elst', words(0, 1, 1000, 2048, 0x10000)))] : [];
  return makeBox('trak', makeBox('tkhd', words(3, 0, 0, trackId)), ...edits, media);
}

/** `moov` box with a track; `udta` and the edit list are there to be removed. */
export function makeMoov(...tracks: readonly SyntheticTrack[]): Buffer {
  const trex = (track: SyntheticTrack): Buffer => makeBox('trex', words(0, track.trackId ?? 1, 1, 0, 0, 0));
  const extended = tracks.filter((track) => track.trex !== false);
  const mvex = extended.length > 0 ? [makeBox('mvex', ...extended.map(trex))] : [];
  return makeBox(
    'moov',
    makeBox('mvhd', Buffer.alloc(100)),
    ...tracks.map(makeTrack),
    ...mvex,
    makeBox('udta', Buffer.alloc(40)),
  );
}

/** A `moof` written by hand, for the fields that `buildFragment` never uses. */
export function makeMoof(
  tfhd: readonly number[],
  tfdt: readonly number[],
  ...truns: readonly number[][]
): Buffer {
  return makeBox(
    'moof',
    makeBox('mfhd', words(0, 1)),
    makeBox(
      'traf',
      makeBox('tfhd', words(...tfhd)),
      makeBox('tfdt', words(...tfdt)),
      ...truns.map((trun) => makeBox('trun', words(...trun))),
    ),
  );
}
