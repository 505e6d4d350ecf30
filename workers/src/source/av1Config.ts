import { findAv1SequenceHeader, parseAv1Sequence, type Sps } from '@maydan/common';

/** AV1CodecConfigurationRecord (AV1 in ISO Base Media, 2.3.3). */
export interface Av1Config {
  readonly codec: 'av1';
  readonly record: Uint8Array;
  readonly sps: Sps;
}

const headBytes = 4;
/** Marker and version. */
const versionOne = 0x81;

/** Throws RangeError when the record is cut or has no sequence header. */
export function parseAv1Config(record: Uint8Array): Av1Config {
  const [version = 0, profileAndLevel = 0, form = 0] = record;
  if (version !== versionOne || record.length < headBytes)
    throw new RangeError('Not an AV1 configuration record');
  const header = findAv1SequenceHeader(record.subarray(headBytes));
  if (header === null) throw new RangeError('The AV1 configuration has no sequence header');
  const [levelIndex, isDeep, isDeeper] = [profileAndLevel & 31, (form & 0x40) !== 0, (form & 0x20) !== 0];
  const sps: Sps = {
    profile: profileAndLevel >> 5,
    level: (2 + (levelIndex >> 2)) * 10 + (levelIndex & 3),
    ...parseAv1Sequence(header),
    pixelAspect: 1,
    chromaFormat: chromaFormatOf(form),
    bitDepth: isDeep ? (isDeeper ? 12 : 10) : 8,
    mayBeInterlaced: false,
    frameRate: null,
    reorderFrames: null,
  };
  return { codec: 'av1', record, sps };
}

/** As H.264 counts them. */
function chromaFormatOf(form: number): number {
  const [isGrey, halfWidth, halfHeight] = [(form & 0x10) !== 0, (form & 8) !== 0, (form & 4) !== 0];
  if (isGrey) return 0;
  return halfWidth ? (halfHeight ? 1 : 2) : 3;
}
