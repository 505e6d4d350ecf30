import { findBox, readBoxes, type Box } from './boxes.ts';
import { FragmentError } from './FragmentError.ts';
import { readParameterSets, type ParameterSets } from './parameterSets.ts';

export interface SampleEntry {
  /** RFC 6381. */
  readonly codecs: string;
  /** Coded picture size in pixels; video only. */
  readonly width?: number;
  readonly height?: number;
  /** H.264 only. */
  readonly parameterSets?: ParameterSets;
}

/** Bytes of a VisualSampleEntry and an AudioSampleEntry before their child boxes (ISO/IEC 14496-12 §12). */
const VISUAL_ENTRY_BYTES = 78;
const AUDIO_ENTRY_BYTES = 28;

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/** Reads the only entry of a sample description box. @throws FragmentError for codecs other than H.264, AAC and Opus. */
export function readSampleEntry(stsd: Box): SampleEntry {
  const entries = readBoxes(stsd.payload.subarray(8));
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) {
    throw new FragmentError('unsupported', `${entries.length} sample entries instead of one.`);
  }
  if (entry.type === 'avc1' || entry.type === 'avc3') return readAvcEntry(entry);
  if (entry.type === 'mp4a') return readAacEntry(entry);
  if (entry.type === 'Opus') return { codecs: 'opus' };
  throw new FragmentError('unsupported', `Codec ${JSON.stringify(entry.type)} is not supported.`);
}

/** ISO/IEC 14496-15 §5.3.3.1: profile, compatibility and level are the bytes 1 to 3 of the avcC box. */
function readAvcEntry(entry: Box): SampleEntry {
  const { payload } = findBox(entry.payload.subarray(VISUAL_ENTRY_BYTES), 'avcC');
  const [profile, compatibility, level] = [payload.readUInt8(1), payload.readUInt8(2), payload.readUInt8(3)];
  return {
    codecs: `${entry.type}.${hex(profile)}${hex(compatibility)}${hex(level)}`,
    width: entry.payload.readUInt16BE(24),
    height: entry.payload.readUInt16BE(26),
    parameterSets: readParameterSets(payload),
  };
}

function readAacEntry(entry: Box): SampleEntry {
  const esds = findBox(entry.payload.subarray(AUDIO_ENTRY_BYTES), 'esds').payload.subarray(4);
  const stream = readDescriptor(esds, 0x03);
  const flags = stream.readUInt8(2);
  const optional =
    (flags & 0x80 ? 2 : 0) + (flags & 0x40 ? 1 + stream.readUInt8(3) : 0) + (flags & 0x20 ? 2 : 0);
  const decoder = readDescriptor(stream.subarray(3 + optional), 0x04);
  const objectType = decoder.readUInt8(0);
  if (objectType !== 0x40) throw new FragmentError('unsupported', `mp4a.${hex(objectType)} is not AAC.`);
  return { codecs: `mp4a.40.${readAudioObjectType(readDescriptor(decoder.subarray(13), 0x05))}` };
}

/** ISO/IEC 14496-1 §7.2.2: one tag byte, then a length in groups of seven bits. */
function readDescriptor(bytes: Buffer, tag: number): Buffer {
  let length = 0;
  let offset = 1;
  for (let more = true; more && offset <= 4; offset += 1) {
    const group = bytes.readUInt8(offset);
    length = length * 128 + (group & 0x7f);
    more = (group & 0x80) !== 0;
  }
  if (bytes.readUInt8(0) !== tag || length > bytes.length - offset) {
    throw new FragmentError('malformed', `Descriptor ${tag} of the esds box is missing or cut short.`);
  }
  return bytes.subarray(offset, offset + length);
}

/** ISO/IEC 14496-3 §1.6.2.1: five bits, 31 means that six more follow. */
function readAudioObjectType(config: Buffer): number {
  const first = config.readUInt8(0) >> 3;
  return first === 31 ? 32 + ((config.readUInt16BE(0) >> 5) & 0x3f) : first;
}
