import { Buffer } from 'node:buffer';
import type { FlvTag } from '../flv/FlvParser.ts';
import { aacConfigTag, aacFrameTag, avcConfigTag, avcFrameTag, metadataTag } from '../flv/writeFlv.ts';

/** Configuration records as x264 writes them, for tests of the pure cores. */
export const avcRecords = {
  landscape180: Buffer.from(
    '0142c00dffe100176742c00dda05067e7c0440000003004000000f03c50aa801000468ce0fc8',
    'hex',
  ),
  portrait1080: Buffer.from(
    '0142c028ffe100176742c028da01100f1e5f011000003e90000ea608f1832a01000568ce019720',
    'hex',
  ),
};
export const aacRecords = { stereo48: Uint8Array.of(0x11, 0x90), mono44: Uint8Array.of(0x12, 0x08) };

/** A tag and when it is captured; it arrives then too, unless a test says otherwise. */
export interface TimedTag {
  readonly atMs: number;
  readonly tag: FlvTag;
}

const typeNames: Readonly<Record<number, FlvTag['type']>> = { 8: 'audio', 9: 'video', 18: 'script' };

function timed(atMs: number, bytes: Buffer): TimedTag {
  const timestampMs = bytes.readUIntBE(4, 3) + bytes.readUInt8(7) * 2 ** 24;
  const type = typeNames[bytes.readUInt8(0)] ?? 'script';
  return { atMs, tag: { type, timestampMs, body: bytes.subarray(11, bytes.length - 4) } };
}

const nal = (type: number): Uint8Array => Uint8Array.of(0, 0, 0, 4, 0x60 | type, 1, 2, 3);

export interface StreamOptions {
  readonly fromMs: number;
  readonly toMs: number;
  readonly fps?: number;
  /** Frames from one key frame to the next. */
  readonly group?: number;
  readonly bFrames?: boolean;
  readonly avc?: Uint8Array;
  readonly aac?: Uint8Array;
  /** What the publisher's clock shows; default the true time. */
  readonly clock?: (atMs: number) => number;
}

export function pictures(options: StreamOptions): TimedTag[] {
  const { fromMs, toMs, fps = 30, group = 30, avc = avcRecords.landscape180, clock = (at) => at } = options;
  const stepMs = 1000 / fps;
  const count = Math.round((toMs - fromMs) / stepMs);
  const frames = Array.from({ length: count }, (_, index) => {
    const atMs = fromMs + index * stepMs;
    const key = index % group === 0;
    const compositionMs =
      options.bFrames === true ? Math.round(stepMs * (key ? 2 : [1, 4, 1][index % 3]!)) : 0;
    return timed(atMs, avcFrameTag(clock(atMs), { key, compositionMs, data: nal(key ? 5 : 1) }));
  });
  return [timed(fromMs, avcConfigTag(clock(fromMs), avc)), ...frames];
}

export function sounds(options: StreamOptions): TimedTag[] {
  const { fromMs, toMs, aac = aacRecords.stereo48, clock = (at) => at } = options;
  const stepMs = aac === aacRecords.mono44 ? 1024 / 44.1 : 1024 / 48;
  const count = Math.floor((toMs - fromMs) / stepMs);
  const frames = Array.from({ length: count }, (_, index) => {
    const atMs = fromMs + index * stepMs;
    return timed(atMs, aacFrameTag(clock(atMs), Uint8Array.of(0x21, index & 255, 7)));
  });
  return [timed(fromMs, aacConfigTag(clock(fromMs), aac)), ...frames];
}

export function announcement(values: Readonly<Record<string, number>>): TimedTag {
  return timed(0, metadataTag(values));
}

/** In order of capture, as an encoder interleaves. */
export function interleaved(...tracks: readonly (readonly TimedTag[])[]): TimedTag[] {
  return tracks.flat().sort((a, b) => a.atMs - b.atMs);
}
