import { Buffer } from 'node:buffer';
import { encodeMetadata } from './amf0.ts';

/** File header with the first PreviousTagSize; the flags tell a demuxer which tracks to wait for. */
export function flvHeader(tracks: { video: boolean; audio: boolean }): Buffer {
  const flags = (tracks.audio ? 4 : 0) | (tracks.video ? 1 : 0);
  return Buffer.from([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]);
}

const typeNumbers = { audio: 8, video: 9, script: 18 } as const;

/** One tag; its body is `head` followed by `data`. `timestampMs` is taken modulo 2^32. */
export function flvTag(
  type: keyof typeof typeNumbers,
  timestampMs: number,
  head: readonly number[],
  data: Uint8Array,
): Buffer {
  const size = head.length + data.length;
  const tag = Buffer.allocUnsafe(11 + size + 4);
  const time = Math.round(timestampMs) >>> 0;
  tag[0] = typeNumbers[type];
  tag.writeUIntBE(size, 1, 3);
  tag.writeUIntBE(time & 0xffffff, 4, 3);
  tag[7] = time >>> 24;
  tag.writeUIntBE(0, 8, 3);
  tag.set(head, 11);
  tag.set(data, 11 + head.length);
  tag.writeUInt32BE(11 + size, 11 + size);
  return tag;
}

const avc = 7;
const aacLegacySoundFlags = 0xaf;

/** AVCDecoderConfigurationRecord as a sequence header. */
export function avcConfigTag(timestampMs: number, record: Uint8Array): Buffer {
  return flvTag('video', timestampMs, [(1 << 4) | avc, 0, 0, 0, 0], record);
}

/** One access unit in length-prefixed form. */
export function avcFrameTag(
  timestampMs: number,
  frame: { key: boolean; compositionMs: number; data: Uint8Array },
): Buffer {
  const composition = frame.compositionMs & 0xffffff;
  const head = [
    ((frame.key ? 1 : 2) << 4) | avc,
    1,
    composition >>> 16,
    (composition >>> 8) & 255,
    composition & 255,
  ];
  return flvTag('video', timestampMs, head, frame.data);
}

/** AudioSpecificConfig as a sequence header. */
export function aacConfigTag(timestampMs: number, config: Uint8Array): Buffer {
  return flvTag('audio', timestampMs, [aacLegacySoundFlags, 0], config);
}

/** One raw AAC frame. */
export function aacFrameTag(timestampMs: number, data: Uint8Array): Buffer {
  return flvTag('audio', timestampMs, [aacLegacySoundFlags, 1], data);
}

/** `onMetaData` with these numbers. */
export function metadataTag(values: Readonly<Record<string, number>>): Buffer {
  return flvTag('script', 0, [], encodeMetadata(values));
}
