import { signalingRequests } from '@maydan/contracts';
import type { SignalingOutput, SignalingRequest } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { z } from 'zod';
import type { Peer } from '../rooms/Peer.ts';
import type { Room } from '../rooms/Room.ts';

/** Requests of somebody who has joined. Joining and leaving are the connection's own. */
type PeerRequest = Exclude<SignalingRequest, 'room.join' | 'room.leave'>;
type Parsed<R extends SignalingRequest> = z.output<(typeof signalingRequests)[R]['input']>;
type Handle<R extends PeerRequest> = (
  peer: Peer,
  input: Parsed<R>,
  room: Room,
) => Promise<SignalingOutput<R>> | SignalingOutput<R>;

/** mediasoup checks what our schema leaves open: the names of codecs and header extensions. */
const asCapabilities = (value: Parsed<'consumer.create'>['rtpCapabilities']): types.RtpCapabilities =>
  value as types.RtpCapabilities;
const asParameters = (value: Parsed<'producer.create'>['rtpParameters']): types.RtpParameters =>
  value as types.RtpParameters;

/** What mediasoup itself made; its types leave parameters of codecs open, which are text and numbers. */
const fromMediasoup = (value: types.RtpParameters): SignalingOutput<'consumer.create'>['rtpParameters'] =>
  value as SignalingOutput<'consumer.create'>['rtpParameters'];

const handlers: { readonly [R in PeerRequest]: Handle<R> } = {
  'transport.create': async (peer, input) => {
    const { id, iceParameters, iceCandidates, dtlsParameters } = await peer.transports.createWebRtc(input);
    return {
      transportId: id,
      iceParameters,
      iceCandidates,
      dtlsParameters,
      iceServers: peer.transports.iceServers,
    };
  },
  'transport.connect': async (peer, { transportId, dtlsParameters }) => {
    await peer.transports.connect(transportId, dtlsParameters);
    return {};
  },
  'transport.restartIce': async (peer, { transportId }) => ({
    iceParameters: await peer.transports.restartIce(transportId),
  }),
  'transport.createPlain': async (peer, input) => {
    const { id, tuple } = await peer.transports.createPlain(input);
    return { transportId: id, ip: tuple.localAddress, port: tuple.localPort };
  },
  'transport.close': (peer, { transportId }) => {
    peer.transports.close(transportId);
    return {};
  },
  'producer.create': async (peer, { transportId, rtpParameters, ...options }) => {
    const producer = await peer.produce(transportId, {
      ...options,
      rtpParameters: asParameters(rtpParameters),
    });
    return { producerId: producer.id, pausedBy: producer.pausedBy };
  },
  'producer.pause': async (peer, { producerId }) => {
    await peer.ownProducer(producerId).pauseByOwner(true);
    return {};
  },
  'producer.resume': async (peer, { producerId }) => {
    await peer.ownProducer(producerId).pauseByOwner(false);
    return {};
  },
  'producer.close': (peer, { producerId }) => {
    peer.closeProducer(producerId);
    return {};
  },
  'consumer.create': async (peer, { transportId, producerId, rtpCapabilities }, room) => {
    const consumer = await peer.consumers.create(transportId, {
      producerId,
      rtpCapabilities: asCapabilities(rtpCapabilities),
    });
    const { kind, type, rtpParameters, producerPaused } = consumer;
    const { source, peerId } = room.shown(producerId);
    return {
      consumerId: consumer.id,
      producerId,
      kind,
      source,
      peerId,
      rtpParameters: fromMediasoup(rtpParameters),
      type,
      producerPaused,
    };
  },
  'consumer.resume': async (peer, { consumerId }) => {
    await peer.consumers.resume(consumerId);
    return {};
  },
  'consumer.pause': async (peer, { consumerId }) => {
    await peer.consumers.pause(consumerId);
    return {};
  },
  'consumer.close': (peer, { consumerId }) => {
    peer.consumers.close(consumerId);
    return {};
  },
  'consumer.requestKeyFrame': async (peer, { consumerId }) => {
    await peer.consumers.requestKeyFrame(consumerId);
    return {};
  },
  'consumer.setSize': async (peer, { consumerId, ...size }) => {
    await peer.consumers.setSize(consumerId, size);
    return {};
  },
};

export const peerRequests = Object.keys(handlers).filter((name): name is PeerRequest => name in handlers);

/** Checks a request against its schema and does it. @throws AppError or ZodError. */
export async function handleRequest<R extends PeerRequest>(
  name: R,
  peer: Peer,
  payload: unknown,
  room: Room,
): Promise<SignalingOutput<R>> {
  const input = signalingRequests[name].input.parse(payload) as Parsed<R>;
  return handlers[name](peer, input, room);
}
