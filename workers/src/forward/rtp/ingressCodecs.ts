import { AppError, audioLevelUri } from '@maydan/common';
import type { MediaKind, MediaSource, RtpCapabilitiesMessage, RtpParametersMessage } from '@maydan/contracts';

export interface IngressCodec {
  readonly source: MediaSource;
  readonly codec: RtpParametersMessage['codecs'][number];
  readonly payloadType: number;
  readonly clockRateHz: number;
  /** Under which id each packet tells how loud it is; null: not at all. */
  readonly levelId: number | null;
}

const payloadTypes = { video: 96, audio: 97 } as const;
const audioLevelId = 1;

/**
 * How we announce what we send. H.264 is always announced as constrained baseline, the one profile that every receiver
 * offers: browsers decode main and high all the same, while some refuse to negotiate them.
 * @throws AppError `conflict` when the room doesn't carry it.
 */
export function ingressCodec(kind: MediaKind, room: RtpCapabilitiesMessage): IngressCodec {
  const payloadType = payloadTypes[kind];
  return kind === 'video' ? pictureCodec(room, payloadType) : soundCodec(room, payloadType);
}

function pictureCodec({ codecs = [] }: RtpCapabilitiesMessage, payloadType: number): IngressCodec {
  const h264 = codecs.filter(
    ({ mimeType, parameters }) =>
      mimeType.toLowerCase() === 'video/h264' && parameters?.['packetization-mode'] === 1,
  );
  const profileOf = (codec: (typeof codecs)[number]): string =>
    String(codec.parameters?.['profile-level-id'] ?? '').toLowerCase();
  const chosen = h264.find((codec) => profileOf(codec).startsWith('42')) ?? h264[0];
  if (chosen === undefined) throw new AppError('conflict', 'The room carries no H.264.');
  const parameters = {
    'packetization-mode': 1,
    'profile-level-id': profileOf(chosen),
    'level-asymmetry-allowed': 1,
  };
  const rtcpFeedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }];
  const codec = { mimeType: 'video/H264', payloadType, clockRate: 90_000, parameters, rtcpFeedback };
  return { source: 'camera', codec, payloadType, clockRateHz: 90_000, levelId: null };
}

function soundCodec(room: RtpCapabilitiesMessage, payloadType: number): IngressCodec {
  const { codecs = [], headerExtensions = [] } = room;
  if (!codecs.some(({ mimeType }) => mimeType.toLowerCase() === 'audio/opus')) {
    throw new AppError('conflict', 'The room carries no Opus.');
  }
  const parameters = { useinbandfec: 1, 'sprop-stereo': 1, stereo: 1 };
  const codec = { mimeType: 'audio/opus', payloadType, clockRate: 48_000, channels: 2, parameters };
  const isHeard = headerExtensions.some(({ kind, uri }) => kind === 'audio' && uri === audioLevelUri);
  const levelId = isHeard ? audioLevelId : null;
  return { source: 'microphone', codec, payloadType, clockRateHz: 48_000, levelId };
}
