import { audioLevelUri } from '@maydan/common';
import type { RtpParametersMessage } from '@maydan/contracts';
import type { types } from 'mediasoup';

export const audioSsrc = 11_111;
export const videoSsrc = 22_222;

const opusCodec = {
  mimeType: 'audio/opus',
  payloadType: 111,
  clockRate: 48_000,
  channels: 2,
} as const;

export const opusParameters = (ssrc = audioSsrc): RtpParametersMessage => ({
  codecs: [opusCodec],
  encodings: [{ ssrc }],
});

/** The same, as mediasoup takes it. */
export const opusRtp = (ssrc = audioSsrc): types.RtpParameters => ({
  codecs: [opusCodec],
  encodings: [{ ssrc }],
});

/** 20 ms of silence in an RTP packet of `opusParameters`. */
export function silentPacket(sequence: number): Buffer {
  const header = Buffer.from([0x80, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE((sequence * 960) >>> 0, 4);
  header.writeUInt32BE(audioSsrc, 8);
  return Buffer.concat([header, Buffer.from([0xf8, 0xff, 0xfe])]);
}

const levelExtensionId = 3;

/** Opus whose packets say how loud they are. */
export const tellingRtp = (ssrc = audioSsrc): types.RtpParameters => ({
  ...opusRtp(ssrc),
  headerExtensions: [{ uri: audioLevelUri, id: levelExtensionId }],
});

/** 20 ms in an RTP packet of `tellingRtp` that says to be so loud, in a header extension of one byte (RFC 8285, section 4.2). */
export function levelPacket(sequence: number, level: number): Buffer {
  const packet = silentPacket(sequence);
  packet.writeUInt8(0x90, 0);
  const extension = Buffer.from([0xbe, 0xde, 0, 1, levelExtensionId << 4, 0x80 | level, 0, 0]);
  return Buffer.concat([packet.subarray(0, 12), extension, packet.subarray(12)]);
}

export const vp8Parameters = (ssrc = videoSsrc) =>
  ({
    codecs: [
      {
        mimeType: 'video/VP8',
        payloadType: 96,
        clockRate: 90_000,
        rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
      },
    ],
    encodings: [{ ssrc }],
  }) satisfies RtpParametersMessage & types.RtpParameters;

/** A picture of 20 ms in an RTP packet of `vp8Parameters`: the head of a key frame of 320x180 (RFC 6386 9.1) and nothing to see. */
export function blackPacket(sequence: number): Buffer {
  const header = Buffer.from([0x80, 0x80 | 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE((sequence * 1_800) >>> 0, 4);
  header.writeUInt32BE(videoSsrc, 8);
  const head = Buffer.from([0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
  return Buffer.concat([header, head, Buffer.alloc(1_000)]);
}

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
