import type { types } from 'mediasoup';

/** Where a browser begins to send, in kbit/s; it rises from there as the network lets it. */
const startBitrate = { 'x-google-start-bitrate': 1_000 };

function h264(profileLevelId: string): types.RouterRtpCodecCapability {
  const parameters = {
    'packetization-mode': 1,
    'profile-level-id': profileLevelId,
    'level-asymmetry-allowed': 1,
    ...startBitrate,
  };
  return { kind: 'video', mimeType: 'video/H264', clockRate: 90_000, parameters };
}

function vp9(profileId: number): types.RouterRtpCodecCapability {
  return {
    kind: 'video',
    mimeType: 'video/VP9',
    clockRate: 90_000,
    parameters: { 'profile-id': profileId, ...startBitrate },
  };
}

/** What rooms carry; a client takes the first it can send unless it chooses. */
export const mediaCodecs: types.RouterRtpCodecCapability[] = [
  {
    kind: 'audio',
    mimeType: 'audio/opus',
    clockRate: 48_000,
    channels: 2,
    // Loss is mended by what the next packet repeats, and silence costs nothing (RFC 7587 6.1).
    parameters: { useinbandfec: 1, usedtx: 1 },
  },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000, parameters: startBitrate },
  vp9(0),
  vp9(2),
  // Constrained baseline, main, high.
  h264('42e01f'),
  h264('4d0032'),
  h264('640032'),
  { kind: 'video', mimeType: 'video/AV1', clockRate: 90_000, parameters: {} },
];
