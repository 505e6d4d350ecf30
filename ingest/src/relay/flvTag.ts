import type { FlvTag } from '@maydan/common';
import { messageType, type MediaMessage } from '../rtmp/messages.ts';

const headerBytes = 11;
const previousSizeBytes = 4;

/**
 * The tag of a message, with the publisher's own timestamp (all 32 bits of it). Data loses the `@setDataFrame` in
 * front, which is for the server and isn't part of FLV.
 */
export function toFlvTag(message: MediaMessage): FlvTag {
  const payload = message.type === messageType.data ? withoutSetDataFrame(message.payload) : message.payload;
  const bytes = Buffer.allocUnsafe(headerBytes + payload.length + previousSizeBytes);
  bytes.writeUInt8(message.type, 0);
  bytes.writeUIntBE(payload.length, 1, 3);
  bytes.writeUIntBE(message.timestampMs % 2 ** 24, 4, 3);
  bytes.writeUInt8(Math.floor(message.timestampMs / 2 ** 24), 7);
  bytes.writeUIntBE(0, 8, 3);
  payload.copy(bytes, headerBytes);
  bytes.writeUInt32BE(headerBytes + payload.length, headerBytes + payload.length);
  return { ...classify(message.type, payload), bytes };
}

type TagClass = Pick<FlvTag, 'kind' | 'track'>;

function classify(type: MediaMessage['type'], payload: Buffer): TagClass {
  if (type === messageType.video) return classifyVideo(payload);
  if (type === messageType.audio) return classifyAudio(payload);
  return { kind: amfString(payload) === 'onMetaData' ? 'metadata' : 'data', track: 0 };
}

/** Codec ids whose second byte tells configuration from frames: AVC, and unofficially HEVC (12) and AV1 (13). */
const configuredCodecs: ReadonlySet<number> = new Set([7, 12, 13]);
/** Set in the first byte of a video message in the form of Enhanced RTMP. */
const enhancedVideo = 0x80;
const keyFrameType = 1;
/** Enhanced RTMP v2, VideoPacketType. */
const videoPacket = {
  sequenceStart: 0,
  codedFrames: 1,
  codedFramesX: 3,
  mpeg2tsSequenceStart: 5,
  multitrack: 6,
};

function classifyVideo(payload: Buffer): TagClass {
  const first = payload[0] ?? 0;
  const frameKind = ((first >> 4) & 7) === keyFrameType ? 'keyFrame' : 'frame';
  if ((first & enhancedVideo) !== 0) {
    const { packetType, track } = unwrap(payload, videoPacket.multitrack);
    if (packetType === videoPacket.sequenceStart || packetType === videoPacket.mpeg2tsSequenceStart) {
      return { kind: 'videoConfig', track };
    }
    const isPicture = packetType === videoPacket.codedFrames || packetType === videoPacket.codedFramesX;
    // Whoever joins begins at a key frame of the main track.
    return { kind: isPicture && track === 0 ? frameKind : 'frame', track };
  }
  if (!configuredCodecs.has(first & 0x0f)) return { kind: frameKind, track: 0 };
  if (payload[1] === 0) return { kind: 'videoConfig', track: 0 };
  return { kind: payload[1] === 1 ? frameKind : 'frame', track: 0 };
}

/** Sound formats in the upper half of the first byte. */
const aac = 10;
const enhancedAudio = 9;
/** Enhanced RTMP v2, AudioPacketType. */
const audioPacket = { sequenceStart: 0, multitrack: 5 };

function classifyAudio(payload: Buffer): TagClass {
  const format = (payload[0] ?? 0) >> 4;
  if (format !== enhancedAudio) {
    return { kind: format === aac && payload[1] === 0 ? 'audioConfig' : 'audio', track: 0 };
  }
  const { packetType, track } = unwrap(payload, audioPacket.multitrack);
  return { kind: packetType === audioPacket.sequenceStart ? 'audioConfig' : 'audio', track };
}

const modEx = 7;
const fourCcBytes = 4;
const oneTrack = 0;

/**
 * The packet type behind the wrappers of Enhanced RTMP v2: ModEx extensions, then a multitrack header. Messages
 * that carry several tracks at once count as track 255.
 */
function unwrap(payload: Buffer, multitrack: number): { packetType: number; track: number } {
  let offset = 0;
  let packetType = (payload[offset++] ?? 0) & 0x0f;
  while (packetType === modEx && offset < payload.length) {
    let size = (payload[offset++] ?? 0) + 1;
    if (size === 256) {
      size = (payload[offset] ?? 0) * 256 + (payload[offset + 1] ?? 0) + 1;
      offset += 2;
    }
    offset += size;
    packetType = (payload[offset++] ?? 0) & 0x0f;
  }
  if (packetType !== multitrack) return { packetType, track: 0 };
  const wrapped = payload[offset++] ?? 0;
  const track = wrapped >> 4 === oneTrack ? (payload[offset + fourCcBytes] ?? 0) : 255;
  return { packetType: wrapped & 0x0f, track };
}

const amfStringMarker = 2;

/** The AMF0 string at the start, or undefined. */
function amfString(payload: Buffer): string | undefined {
  if (payload[0] !== amfStringMarker || payload.length < 3) return undefined;
  return payload.toString('latin1', 3, 3 + payload.readUInt16BE(1));
}

function withoutSetDataFrame(payload: Buffer): Buffer {
  const name = amfString(payload);
  return name === '@setDataFrame' ? payload.subarray(3 + name.length) : payload;
}
