import { randomUUID } from 'node:crypto';
import { mintJoinToken } from '@maydan/common';
import type { SignalingInput, SignalingOutput, SignalingRequest, StageRole } from '@maydan/contracts';
import type { types } from 'mediasoup';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';

export interface RemoteTransport {
  readonly transportId: string;
  readonly iceParameters: types.IceParameters;
  readonly iceCandidates: readonly {
    readonly ip: string;
    readonly port: number;
    readonly protocol: string;
  }[];
  readonly dtlsParameters: types.DtlsParameters;
}

/** One participant at an sfu, as far as the benchmark needs it. */
export interface Participant {
  room(): Promise<{
    rtpCapabilities: types.RtpCapabilities;
    producers: { producerId: string; kind: string }[];
  }>;
  transport(direction: 'send' | 'receive'): Promise<RemoteTransport>;
  connect(transportId: string, dtlsParameters: types.DtlsParameters): Promise<unknown>;
  produce(transportId: string, kind: types.MediaKind, rtpParameters: types.RtpParameters): Promise<unknown>;
  consume(
    transportId: string,
    producerId: string,
    rtpCapabilities: types.RtpCapabilities,
  ): Promise<{ consumerId: string; rtpParameters: types.RtpParameters }>;
  resume(consumerId: string): Promise<unknown>;
  close(): void;
}

/** How to reach one of the two servers. */
export type ServerAddress =
  | { readonly type: 'bare'; readonly url: string }
  | { readonly type: 'maydan'; readonly url: string; readonly secret: string; readonly sessionId: string };

export function participantOf(address: ServerAddress, role: StageRole): Promise<Participant> {
  return address.type === 'bare'
    ? Promise.resolve(bareParticipant(address.url))
    : ourParticipant(address, role);
}

function bareParticipant(url: string): Participant {
  const ask = async <T>(path: string, body: object): Promise<T> => {
    const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    return (await response.json()) as T;
  };
  return {
    room: () => ask('/room', {}),
    transport: () => ask('/transport', {}),
    connect: (transportId, dtlsParameters) => ask('/connect', { transportId, dtlsParameters }),
    produce: (transportId, kind, rtpParameters) => ask('/produce', { transportId, kind, rtpParameters }),
    consume: (transportId, producerId, rtpCapabilities) =>
      ask('/consume', { transportId, producerId, rtpCapabilities }),
    resume: (consumerId) => ask('/resume', { consumerId }),
    close: () => undefined,
  };
}

async function ourParticipant(
  { url, secret, sessionId }: Extract<ServerAddress, { type: 'maydan' }>,
  role: StageRole,
): Promise<Participant> {
  const token = mintJoinToken(secret, {
    peerId: randomUUID(),
    sessionId,
    role,
    userId: null,
    displayName: role,
    sessionType: 'video',
  });
  const socket = io(url, {
    path: '/sfu',
    auth: { token },
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('connect_error', reject);
  });
  const joined = await ask(socket, 'room.join', {});
  const shown = new Map(joined.producers.map((producer) => [producer.producerId, producer]));
  return {
    room: () =>
      Promise.resolve({
        rtpCapabilities: joined.rtpCapabilities as types.RtpCapabilities,
        producers: [...shown.values()],
      }),
    transport: async (direction) => await ask(socket, 'transport.create', { direction }),
    connect: (transportId, dtlsParameters) =>
      ask(socket, 'transport.connect', { transportId, dtlsParameters }),
    produce: (transportId, kind, rtpParameters) =>
      ask(socket, 'producer.create', {
        transportId,
        kind,
        source: kind === 'audio' ? 'microphone' : 'camera',
        rtpParameters: rtpParameters as SignalingInput<'producer.create'>['rtpParameters'],
      }),
    consume: async (transportId, producerId, rtpCapabilities) => {
      const { consumerId, rtpParameters } = await ask(socket, 'consumer.create', {
        transportId,
        producerId,
        rtpCapabilities: rtpCapabilities as SignalingInput<'consumer.create'>['rtpCapabilities'],
      });
      return { consumerId, rtpParameters: rtpParameters as types.RtpParameters };
    },
    resume: (consumerId) => ask(socket, 'consumer.resume', { consumerId }),
    close: () => socket.close(),
  };
}

async function ask<R extends SignalingRequest>(
  socket: Socket,
  request: R,
  input: SignalingInput<R>,
): Promise<SignalingOutput<R>> {
  const answer = (await socket.timeout(20_000).emitWithAck(request, input)) as {
    data?: SignalingOutput<R>;
    error?: { code: string; message: string };
  };
  if (answer.data === undefined)
    throw new Error(`${request}: ${answer.error?.code}, ${answer.error?.message}`);
  return answer.data;
}
