import { z } from 'zod';
import type { errorBody } from '../errors.ts';
import { userId } from '../ids.ts';
import { peerId, stageRole } from './joinToken.ts';
import {
  dtlsParameters,
  iceCandidate,
  iceParameters,
  iceServer,
  mediaKind,
  mediaSource,
  rtpCapabilities,
  rtpParameters,
} from './media.ts';

const id = z.string().min(1).max(64);
const nothing = z.object({});
/** Who set a producer's pause: its owner, or the host and moderators, whom the owner can't overrule. */
const pausedBy = z.enum(['owner', 'host']).nullable();

/** A producer that others may receive. */
export const producerInfo = z.object({
  producerId: id,
  peerId,
  kind: mediaKind,
  source: mediaSource,
  pausedBy,
  /** MIME type, for example `video/H264`. */
  codec: z.string(),
});
export type ProducerInfo = z.infer<typeof producerInfo>;

/** Somebody on stage. Viewers and our own services are not shown. */
export const peerInfo = z.object({
  peerId,
  userId: userId.nullable(),
  displayName: z.string(),
  role: stageRole,
});
export type PeerInfo = z.infer<typeof peerInfo>;

/** 0 (unusable) to 10 (perfect), in each direction; null where the peer sends or receives nothing. */
const networkScore = z.int().min(0).max(10).nullable();
const peerNetwork = z.object({ peerId, sending: networkScore, receiving: networkScore });
/** Loudness in dBov (-127 to 0) of those who can be heard. */
const levels = z.array(z.object({ peerId, dBov: z.number() }));

const webRtcTransport = z.object({
  transportId: id,
  iceParameters,
  iceCandidates: z.array(iceCandidate),
  dtlsParameters,
  iceServers: z.array(iceServer),
});
export const srtpParameters = z.object({
  cryptoSuite: z.enum([
    'AEAD_AES_256_GCM',
    'AEAD_AES_128_GCM',
    'AES_CM_128_HMAC_SHA1_80',
    'AES_CM_128_HMAC_SHA1_32',
  ]),
  keyBase64: z.string().max(100),
});

/**
 * Requests of a client to the sfu over Socket.IO (path `/sfu`), with `auth: { token }` in the handshake. Each is
 * acknowledged with `{ data }` or with the one error body. A peer can name only what is its own, but for `producerId` in
 * `consumer.create`.
 */
export const signalingRequests = {
  /**
   * First. With the peer id of a connection lost less than the grace period ago the peer is resumed as it was; unless it comes `anew`,
   * since it has nothing left of its transports and what goes over them. It keeps its place then.
   */
  'room.join': {
    input: z.object({ anew: z.boolean().default(false) }),
    output: z.object({
      peerId,
      role: stageRole,
      /** True: transports, producers and consumers are still there; restart ICE on each transport. */
      resumed: z.boolean(),
      rtpCapabilities,
      peers: z.array(peerInfo),
      /** What the others send; of a resumed peer also what it sends itself, which the host may have muted meanwhile. */
      producers: z.array(producerInfo),
      /** As the events `speaker.changed` and `speaker.levels` have told last. */
      speaker: peerId.nullable(),
      levels,
      /** As `peer.network` tells it, of whom it would be told: all on stage to those on stage, to a viewer its own. */
      network: z.array(peerNetwork),
    }),
  },
  /** At once and for good; a disconnect without it keeps the peer for the grace period. */
  'room.leave': { input: nothing, output: nothing },
  'transport.create': {
    input: z.object({ direction: z.enum(['send', 'receive']), preferTcp: z.boolean().default(false) }),
    output: webRtcTransport,
  },
  'transport.connect': { input: z.object({ transportId: id, dtlsParameters }), output: nothing },
  'transport.restartIce': { input: z.object({ transportId: id }), output: z.object({ iceParameters }) },
  /** Plain RTP and RTCP on one port, for our own services only (`egress`, `ingress`). */
  'transport.createPlain': {
    input: z.object({
      direction: z.enum(['send', 'receive']),
      /** Where a `receive` transport sends to. A `send` one learns the address from the first packet. */
      remote: z.object({ ip: z.union([z.ipv4(), z.ipv6()]), port: z.int().min(1).max(65_535) }).nullable(),
    }),
    output: z.object({
      transportId: id,
      ip: z.string(),
      port: z.int(),
      srtpParameters: srtpParameters.optional(),
    }),
  },
  'transport.close': { input: z.object({ transportId: id }), output: nothing },
  'producer.create': {
    input: z.object({
      transportId: id,
      kind: mediaKind,
      source: mediaSource,
      rtpParameters,
      paused: z.boolean().default(false),
    }),
    /** `pausedBy` is `host` for somebody whom the host muted before. */
    output: z.object({ producerId: id, pausedBy }),
  },
  'producer.pause': { input: z.object({ producerId: id }), output: nothing },
  'producer.resume': { input: z.object({ producerId: id }), output: nothing },
  'producer.close': { input: z.object({ producerId: id }), output: nothing },
  /** Created paused: set the receiver up, then resume; a key frame is asked for then. */
  'consumer.create': {
    input: z.object({ transportId: id, producerId: id, rtpCapabilities }),
    output: z.object({
      consumerId: id,
      producerId: id,
      kind: mediaKind,
      source: mediaSource,
      peerId,
      rtpParameters,
      type: z.enum(['simple', 'simulcast', 'svc', 'pipe']),
      producerPaused: z.boolean(),
    }),
  },
  'consumer.resume': { input: z.object({ consumerId: id }), output: nothing },
  'consumer.pause': { input: z.object({ consumerId: id }), output: nothing },
  'consumer.close': { input: z.object({ consumerId: id }), output: nothing },
  'consumer.requestKeyFrame': { input: z.object({ consumerId: id }), output: nothing },
  /** The size at which the picture is shown, in device pixels: the sfu sends no larger layer than that needs. */
  'consumer.setSize': {
    input: z.object({
      consumerId: id,
      width: z.int().min(1).max(16_384),
      height: z.int().min(1).max(16_384),
    }),
    output: nothing,
  },
} as const;
export type SignalingRequest = keyof typeof signalingRequests;
export type SignalingInput<R extends SignalingRequest> = z.input<(typeof signalingRequests)[R]['input']>;
export type SignalingOutput<R extends SignalingRequest> = z.infer<(typeof signalingRequests)[R]['output']>;
export type SignalingAnswer<R extends SignalingRequest> =
  { readonly data: SignalingOutput<R> } | z.infer<typeof errorBody>;

/** Why somebody is out of a room. */
export const leaveReason = z.enum([
  'left',
  'lost',
  'removed',
  'banned',
  'sessionEnded',
  'takenOver',
  'roomLost',
  /** The session is private, and doesn't let them in any more. */
  'accessEnded',
]);
export type LeaveReason = z.infer<typeof leaveReason>;

/** How often the sfu says that it is there. */
export const signalingAliveMs = 1_500;

/** Events of the sfu to its clients. */
export const signalingEvents = {
  /** Every `signalingAliveMs`, or a ping of Engine.IO instead, to all who are connected: who hears nothing at all for longer may ask the api for another node. */
  alive: nothing,
  'peer.joined': z.object({ peer: peerInfo }),
  'peer.left': z.object({ peerId, reason: leaveReason }),
  'producer.added': z.object({ producer: producerInfo }),
  'producer.changed': z.object({ producerId: id, pausedBy }),
  'producer.removed': z.object({ producerId: id, peerId }),
  /** The producer of this consumer is gone. */
  'consumer.closed': z.object({ consumerId: id }),
  'consumer.layers': z.object({ consumerId: id, spatial: z.int().nullable(), temporal: z.int().nullable() }),
  /** Who speaks; null in silence. */
  'speaker.changed': z.object({ peerId: peerId.nullable() }),
  /** About twice a second. */
  'speaker.levels': z.object({ levels }),
  'peer.network': peerNetwork,
  /** To `ingress` and `egress` only: how many watch this room by WebRTC, on all nodes; on each change. */
  'room.audience': z.object({ viewers: z.int().min(0) }),
  /** Last event: the peer is out. After `roomLost` join again, after the others don't. */
  'room.closed': z.object({ reason: leaveReason }),
} as const;
export type SignalingEvent = keyof typeof signalingEvents;
export type SignalingPayload<E extends SignalingEvent> = z.infer<(typeof signalingEvents)[E]>;
