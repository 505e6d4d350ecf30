import { buildRecord } from '../../source/avcConfig.ts';
import { nalType, splitNalUnits, typeOfNal } from '../../source/nalUnits.ts';
import { messageOf, type Message } from '../native/messages.ts';
import type { AvcPicture } from '../picture/AvcPicture.ts';
import type { EncodedPicture } from '../rtp/pictures.ts';
import type { VideoCodec } from '../rtp/PictureAssembler.ts';
import type { Mask } from './Labels.ts';
import type { TileShape } from './layout.ts';

/** What is said to the composer (workers/native/compose.c) and what it says. */
const numberBytes = 4;
const lengthSize = 4;
const types = { picture: 1, forget: 2, label: 3, forgetLabels: 4, layout: 5, tick: 6 } as const;
const replyTypes = { config: 1, picture: 2, shown: 3, broken: 4 } as const;
const codecs: Record<VideoCodec, number> = { h264: 0, vp8: 1, vp9: 2, av1: 3 };
const fits: Record<TileShape['fit'], number> = { cover: 0, contain: 1 };
/** Of a picture that comes back: its time, whether it is a key frame, and four bytes without a meaning. */
const pictureHeadBytes = 16;

/** A tile as the composer draws it; tracks and labels by their numbers, 0 for none. */
export interface PlacedTile extends TileShape {
  readonly x: number;
  readonly y: number;
  readonly track: number;
  readonly label: number;
}

const message = (
  type: keyof typeof types,
  numbers: readonly number[],
  rest: readonly Uint8Array[] = [],
): Uint8Array[] => messageOf(types[type], numbers, rest);

/** A picture to be decoded; the first one of a track opens it. */
export function pictureMessage(
  track: number,
  codec: VideoCodec,
  { key, data, parameterSets }: EncodedPicture,
): Uint8Array[] {
  const sets = parameterSets === undefined ? [] : [parameterSets.sps, parameterSets.pps];
  return message('picture', [track, codecs[codec], Number(key)], [...sets.flatMap(withLength), data]);
}

/** The track isn't shown any more. */
export const forgetMessage = (track: number): Uint8Array[] => message('forget', [track]);

export const labelMessage = (id: number, { width, height, alpha }: Mask): Uint8Array[] =>
  message('label', [id, width, height], [alpha]);

export const forgetLabelsMessage = (): Uint8Array[] => message('forgetLabels', []);

/** Where everybody is shown from the next tick on. */
export function layoutMessage(tiles: readonly PlacedTile[]): Uint8Array[] {
  const numbers = tiles.flatMap(({ track, x, y, width, height, fit, label }) => [
    ...[track, x, y, width, height],
    ...[fits[fit], label],
  ]);
  return message('layout', [tiles.length, ...numbers]);
}

/** The picture of this moment is to be made. */
export function tickMessage(timeMs: number): Uint8Array[] {
  const time = Buffer.allocUnsafe(8);
  time.writeDoubleLE(timeMs);
  return message('tick', [], [time]);
}

function withLength(unit: Uint8Array): Uint8Array[] {
  const length = Buffer.allocUnsafe(lengthSize);
  length.writeUInt32BE(unit.length);
  return [length, unit];
}

export type ComposerReply =
  /** AVCDecoderConfigurationRecord; before the first picture. */
  | { readonly type: 'config'; readonly record: Uint8Array }
  | { readonly type: 'picture'; readonly picture: AvcPicture }
  /** The first picture of the track was decoded: it is shown from now on. */
  | { readonly type: 'shown'; readonly track: number }
  /** A picture of the track could not be decoded. */
  | { readonly type: 'broken'; readonly track: number };

/** @throws RangeError when it is none of the composer's. */
export function replyOf({ type, body }: Message): ComposerReply {
  const least = type === replyTypes.picture ? pictureHeadBytes : numberBytes;
  if (body.length < least) throw new RangeError('the composer says too little');
  switch (type) {
    case replyTypes.config:
      return { type: 'config', record: recordOf(body) };
    case replyTypes.picture:
      return { type: 'picture', picture: pictureOf(body) };
    case replyTypes.shown:
      return { type: 'shown', track: body.readUInt32LE(0) };
    case replyTypes.broken:
      return { type: 'broken', track: body.readUInt32LE(0) };
    default:
      throw new RangeError(`the composer says something unknown: ${type}`);
  }
}

function pictureOf(body: Buffer): AvcPicture {
  return {
    timeMs: body.readDoubleLE(0),
    key: body.readUInt32LE(8) !== 0,
    data: body.subarray(pictureHeadBytes),
  };
}

function recordOf(body: Buffer): Uint8Array {
  const units = splitNalUnits(body, lengthSize);
  const sps = units.find((unit) => typeOfNal(unit) === nalType.sps);
  const pps = units.find((unit) => typeOfNal(unit) === nalType.pps);
  if (sps === undefined || pps === undefined) throw new RangeError('the encoder has no parameter sets');
  return buildRecord(sps, pps, lengthSize);
}
