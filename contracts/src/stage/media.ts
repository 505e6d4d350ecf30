import { z } from 'zod';

export const mediaKind = z.enum(['audio', 'video']);
export type MediaKind = z.infer<typeof mediaKind>;
/** What a producer shows; a peer has at most one of each. */
export const mediaSource = z.enum(['microphone', 'camera', 'screen', 'screenAudio']);
export type MediaSource = z.infer<typeof mediaSource>;
export const kindOfSource: Record<MediaSource, MediaKind> = {
  microphone: 'audio',
  camera: 'video',
  screen: 'video',
  screenAudio: 'audio',
};

const parameters = z.record(z.string(), z.union([z.string(), z.number()]));
const rtcpFeedback = z.object({ type: z.string().max(40), parameter: z.string().max(40).optional() });
const codec = {
  mimeType: z.string().max(60),
  clockRate: z.int(),
  channels: z.int().optional(),
  parameters: parameters.optional(),
  rtcpFeedback: z.array(rtcpFeedback).max(20).optional(),
};
const direction = z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/** RTP capabilities and parameters in the shape of mediasoup (ORTC); mediasoup itself checks them further. */
export const rtpCapabilities = z.object({
  codecs: z
    .array(z.object({ kind: mediaKind, preferredPayloadType: z.int().min(0).max(127).optional(), ...codec }))
    .max(60)
    .optional(),
  headerExtensions: z
    .array(
      z.object({
        kind: mediaKind,
        uri: z.string().max(200),
        preferredId: z.int(),
        preferredEncrypt: z.boolean().optional(),
        direction: direction.optional(),
      }),
    )
    .max(60)
    .optional(),
});
export type RtpCapabilitiesMessage = z.infer<typeof rtpCapabilities>;

const ssrc = z.int().min(0).max(0xffff_ffff);
export const rtpParameters = z.object({
  mid: z.string().max(32).optional(),
  msid: z.string().max(200).optional(),
  codecs: z
    .array(z.object({ payloadType: z.int().min(0).max(127), ...codec }))
    .min(1)
    .max(20),
  headerExtensions: z
    .array(
      z.object({
        uri: z.string().max(200),
        id: z.int(),
        encrypt: z.boolean().optional(),
        parameters: parameters.optional(),
      }),
    )
    .max(30)
    .optional(),
  encodings: z
    .array(
      z.object({
        ssrc: ssrc.optional(),
        rid: z.string().max(32).optional(),
        codecPayloadType: z.int().optional(),
        rtx: z.object({ ssrc }).optional(),
        dtx: z.boolean().optional(),
        scalabilityMode: z.string().max(16).optional(),
        scaleResolutionDownBy: z.number().optional(),
        maxBitrate: z.int().optional(),
      }),
    )
    .min(1)
    .max(4)
    .optional(),
  rtcp: z.object({ cname: z.string().max(200).optional(), reducedSize: z.boolean().optional() }).optional(),
});
export type RtpParametersMessage = z.infer<typeof rtpParameters>;

export const dtlsParameters = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z
    .array(
      z.object({
        algorithm: z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
        value: z.string().max(200),
      }),
    )
    .min(1)
    .max(10),
});
export const iceParameters = z.object({
  usernameFragment: z.string(),
  password: z.string(),
  iceLite: z.boolean().optional(),
});
export const iceCandidate = z.object({
  foundation: z.string(),
  priority: z.int(),
  ip: z.string(),
  address: z.string().optional(),
  protocol: z.enum(['udp', 'tcp']),
  port: z.int(),
  type: z.enum(['host', 'srflx', 'prflx', 'relay']),
  tcpType: z.literal('passive').optional(),
});
/** As RTCIceServer of the browser. TURN credentials are limited in time (user name `<unix seconds>:<peer>`). */
export const iceServer = z.object({
  urls: z.array(z.string()),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof iceServer>;
