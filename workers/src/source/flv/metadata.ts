import { decodeAmf0, type AmfObject, type AmfValue } from './amf0.ts';

/** What a publisher announces in onMetaData; every field may be missing or wrong. */
export interface StreamMetadata {
  /** The publisher says (or its fields show) that there will be such a track. */
  readonly announcesVideo: boolean;
  readonly announcesAudio: boolean;
  readonly frameRate: number | null;
  /** 0 when unknown. */
  readonly videoBps: number;
  readonly audioBps: number;
}

/** Null when the script tag isn't onMetaData. */
export function parseMetadata(body: Uint8Array): StreamMetadata | null {
  const values = decodeAmf0(body);
  const name = values.findIndex((value) => value === 'onMetaData');
  const fields = name < 0 ? undefined : values[name + 1];
  if (!isObject(fields)) return null;
  const frameRate = positive(fields['framerate']) ?? positive(fields['videoframerate']);
  return {
    announcesVideo: announces(fields, 'hasVideo', ['videocodecid', 'videodatarate', 'width']),
    announcesAudio: announces(fields, 'hasAudio', ['audiocodecid', 'audiodatarate', 'audiosamplerate']),
    frameRate: frameRate !== null && frameRate <= 480 ? frameRate : null,
    videoBps: kilobits(fields['videodatarate']),
    audioBps: kilobits(fields['audiodatarate']),
  };
}

function isObject(value: AmfValue | undefined): value is AmfObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function announces(fields: AmfObject, flag: string, hints: readonly string[]): boolean {
  if (typeof fields[flag] === 'boolean') return fields[flag];
  return hints.some((hint) => positive(fields[hint]) !== null || typeof fields[hint] === 'string');
}

function positive(value: AmfValue | undefined): number | null {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : null;
}

/** Beyond 1 Gbit/s somebody announced bits instead of kilobits, or nonsense. */
function kilobits(value: AmfValue | undefined): number {
  const number = positive(value) ?? 0;
  return number < 1e6 ? Math.round(number * 1000) : 0;
}
