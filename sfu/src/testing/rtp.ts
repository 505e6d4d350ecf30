import type { RtpParametersMessage } from '@maydan/contracts';

export const audioSsrc = 11_111;
export const videoSsrc = 22_222;

export const opusParameters = (ssrc = audioSsrc): RtpParametersMessage => ({
  codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
  encodings: [{ ssrc }],
});

export const h264Parameters = (ssrc = videoSsrc): RtpParametersMessage => ({
  codecs: [
    {
      mimeType: 'video/H264',
      payloadType: 102,
      clockRate: 90_000,
      parameters: {
        'packetization-mode': 1,
        'profile-level-id': '42e01f',
        'level-asymmetry-allowed': 1,
      },
      rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }],
    },
  ],
  encodings: [{ ssrc }],
});

/** Fits what a client must prove to be connected; none of these tests goes that far. */
export const someDtlsParameters = {
  role: 'client' as const,
  fingerprints: [
    {
      algorithm: 'sha-256' as const,
      value: Array.from({ length: 32 }, () => 'AB').join(':'),
    },
  ],
};
