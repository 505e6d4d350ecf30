import { Buffer } from 'node:buffer';
import type { AacConfig } from '../aacConfig.ts';
import type { VideoConfig } from '../videoConfig.ts';
import type { EncoderInput } from './EncoderInput.ts';

/** Element ids (RFC 9559, section 5; RFC 8794, section 11.2). */
const ids = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  lacing: 0x9c,
  defaultDuration: 0x23e383,
  codecId: 0x86,
  codecPrivate: 0x63a2,
  video: 0xe0,
  pixelWidth: 0xb0,
  pixelHeight: 0xba,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
} as const;

const [videoTrack, audioTrack] = [1, 2];
const [typeOfVideo, typeOfAudio] = [1, 2];
const [nanosecondsPerMs, nanosecondsPerSec] = [1e6, 1e9];
const codecIds: Readonly<Record<VideoConfig['codec'], string>> = {
  h264: 'V_MPEG4/ISO/AVC',
  hevc: 'V_MPEGH/ISO/HEVC',
  av1: 'V_AV1',
  vp9: 'V_VP9',
};

/**
 * Pictures of any codec and AAC as Matroska: each frame is a cluster of its own, so that nothing has to be waited for.
 * Times are those of presentation; decoders need no others.
 */
export const matroskaInput: EncoderInput = {
  format: 'matroska',
  header: ({ video, audio, frameRate }) =>
    Buffer.concat([
      element(ids.ebml, text(ids.docType, 'matroska')),
      unknownSize(ids.segment),
      element(
        ids.info,
        number(ids.timestampScale, nanosecondsPerMs),
        text(ids.muxingApp, 'maydan'),
        text(ids.writingApp, 'maydan'),
      ),
      element(
        ids.tracks,
        ...(video === null ? [] : [pictureTrack(video, frameRate)]),
        ...(audio === null ? [] : [soundTrack(audio)]),
      ),
    ]),
  picture: (timeMs, { key, compositionMs, data }) => frame(videoTrack, timeMs + compositionMs, key, data),
  sound: (timeMs, data) => frame(audioTrack, timeMs, true, data),
};

function pictureTrack(
  { codec, record, sps: { width, height } }: VideoConfig,
  frameRate: number | null,
): Buffer {
  return track(videoTrack, typeOfVideo, codecIds[codec], record, [
    ...(frameRate === null ? [] : [number(ids.defaultDuration, Math.round(nanosecondsPerSec / frameRate))]),
    element(ids.video, number(ids.pixelWidth, width), number(ids.pixelHeight, height)),
  ]);
}

function soundTrack({ record, sampleRateHz, channels }: AacConfig): Buffer {
  const rate = Buffer.alloc(8);
  rate.writeDoubleBE(sampleRateHz);
  return track(audioTrack, typeOfAudio, 'A_AAC', record, [
    element(ids.audio, element(ids.samplingFrequency, rate), number(ids.channels, channels)),
  ]);
}

function track(
  at: number,
  type: number,
  codecId: string,
  codecPrivate: Uint8Array,
  form: readonly Buffer[],
): Buffer {
  return element(
    ids.trackEntry,
    number(ids.trackNumber, at),
    number(ids.trackUid, at),
    number(ids.trackType, type),
    number(ids.lacing, 0),
    text(ids.codecId, codecId),
    ...(codecPrivate.length === 0 ? [] : [element(ids.codecPrivate, codecPrivate)]),
    ...form,
  );
}

const isKey = 0x80;

function frame(trackNumber: number, timeMs: number, key: boolean, data: Uint8Array): Buffer {
  // The time within the cluster is 0: the two bytes after the track's number.
  const head = Buffer.from([0x80 | trackNumber, 0, 0, key ? isKey : 0]);
  const time = number(ids.timestamp, Math.max(0, Math.round(timeMs)));
  return element(ids.cluster, time, element(ids.simpleBlock, head, data));
}

function element(id: number, ...content: readonly Uint8Array[]): Buffer {
  const size = content.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([idBytes(id), sizeBytes(size), ...content]);
}

function idBytes(id: number): Buffer {
  return Buffer.from(id.toString(16), 'hex');
}

/** Always in eight bytes. */
function sizeBytes(size: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(size, 2, 6);
  bytes[0] = 1;
  return bytes;
}

/** What follows belongs to it, up to the end. */
function unknownSize(id: number): Buffer {
  return Buffer.concat([idBytes(id), Buffer.from('01ffffffffffffff', 'hex')]);
}

function number(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return element(id, bytes);
}

function text(id: number, value: string): Buffer {
  return element(id, Buffer.from(value, 'latin1'));
}
