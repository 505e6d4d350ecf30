import { findBox, makeBox, readBoxes, requireBox, type Box } from './boxes.ts';
import { readSampleEntry, type SampleEntry } from './codecs.ts';
import { FragmentError } from './FragmentError.ts';

/** A track's description and the init segment (CMAF header) to serve for it. */
export interface TrackInit extends SampleEntry {
  readonly bytes: Uint8Array;
  readonly trackId: number;
  /** Ticks per second of all times of this track. */
  readonly timescale: number;
  readonly handler: 'vide' | 'soun';
  /** Values of samples that their fragment says nothing about. */
  readonly defaults: SampleDefaults;
}

/** Of the trex box (ISO/IEC 14496-12 §8.8.3). */
export interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

/**
 * Reads a movie box with one H.264 or AAC track and normalises it to a CMAF header: no edit list (media time is
 * decode time as it stands), no user data, a trex box always, CMAF's brand.
 * @throws FragmentError
 */
export function readInitSegment(moov: Buffer): TrackInit {
  const children = readBoxes(moov)
    .map(withoutEditList)
    .filter((box) => box.type !== 'udta');
  const tracks = children.filter((box) => box.type === 'trak');
  const [track] = tracks;
  if (track === undefined || tracks.length > 1) {
    throw new FragmentError('unsupported', `${tracks.length} tracks instead of one.`);
  }
  const description = readTrack(track);
  const mvex = children.find((box) => box.type === 'mvex')?.whole ?? makeMovieExtends(description.trackId);
  const kept = children.filter((box) => box.type !== 'mvex').map((box) => box.whole);
  return {
    ...description,
    defaults: readDefaults(mvex),
    bytes: Buffer.concat([makeFileType(), makeBox('moov', ...kept, mvex)]),
  };
}

function readTrack(trak: Box): Omit<TrackInit, 'bytes' | 'defaults'> {
  const header = findBox(trak.payload, 'tkhd').payload;
  const mediaHeader = findBox(trak.payload, 'mdia', 'mdhd').payload;
  const timescale = mediaHeader.readUInt32BE(mediaHeader.readUInt8(0) === 1 ? 20 : 12);
  const handler = findBox(trak.payload, 'mdia', 'hdlr').payload.toString('latin1', 8, 12);
  if (handler !== 'vide' && handler !== 'soun') {
    throw new FragmentError('unsupported', `Handler ${JSON.stringify(handler)} is neither video nor audio.`);
  }
  if (timescale === 0) throw new FragmentError('malformed', 'The time scale is 0.');
  const entry = readSampleEntry(findBox(trak.payload, 'mdia', 'minf', 'stbl', 'stsd'));
  return { ...entry, trackId: header.readUInt32BE(header.readUInt8(0) === 1 ? 20 : 12), timescale, handler };
}

function withoutEditList(box: Box): Box {
  if (box.type !== 'trak') return box;
  const kept = readBoxes(box.payload).filter((child) => child.type !== 'edts');
  const whole = makeBox('trak', ...kept.map((child) => child.whole));
  return { type: 'trak', whole, payload: whole.subarray(8) };
}

function readDefaults(mvex: Buffer): SampleDefaults {
  const { payload } = requireBox(readBoxes(mvex.subarray(8)), 'trex');
  return {
    duration: payload.readUInt32BE(12),
    size: payload.readUInt32BE(16),
    flags: payload.readUInt32BE(20),
  };
}

function makeMovieExtends(trackId: number): Buffer {
  const trex = Buffer.alloc(24);
  trex.writeUInt32BE(trackId, 4);
  trex.writeUInt32BE(1, 8);
  return makeBox('mvex', makeBox('trex', trex));
}

/** `iso6` has default-base-is-moof and composition offsets with a sign; `cmfc` is CMAF (ISO/IEC 23000-19). */
function makeFileType(): Buffer {
  return makeBox('ftyp', Buffer.from('iso6\0\0\0\0iso6cmfcmp41', 'latin1'));
}
