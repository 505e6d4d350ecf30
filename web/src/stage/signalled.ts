import type { SignalingEvent, SignalingPayload } from '@maydan/contracts';
import { levelsByPeer, withoutKey } from './records.ts';
import type { StageState } from './stageState.ts';

/** An event of the sfu that says something, with its payload. */
export type SignalingMessage = {
  [E in Exclude<SignalingEvent, 'alive'>]: { readonly event: E; readonly payload: SignalingPayload<E> };
}[Exclude<SignalingEvent, 'alive'>];

/** The state after an event of the sfu. Events may name what is gone already; they change nothing then. */
export function signalled(state: StageState, message: SignalingMessage): StageState {
  switch (message.event) {
    case 'peer.joined':
      return peerJoined(state, message.payload.peer);
    case 'peer.left':
      return peerLeft(state, message.payload.peerId);
    case 'producer.added':
      return producerAdded(state, message.payload.producer);
    case 'producer.changed':
      return producerChanged(state, message.payload);
    case 'producer.removed':
      return producerRemoved(state, message.payload.producerId);
    case 'consumer.layers':
      return layersChanged(state, message.payload);
    case 'speaker.changed':
      return { ...state, speaker: message.payload.peerId };
    case 'speaker.levels':
      return { ...state, levels: levelsByPeer(message.payload.levels) };
    case 'peer.network': {
      const { peerId, sending, receiving } = message.payload;
      return { ...state, network: { ...state.network, [peerId]: { sending, receiving } } };
    }
    // What these do to the state comes as an event of the client itself.
    case 'consumer.closed':
    case 'room.audience':
    case 'room.closed':
      return state;
  }
}

function peerJoined(state: StageState, peer: SignalingPayload<'peer.joined'>['peer']): StageState {
  if (peer.peerId === state.peerId) return state;
  const others = state.peers.filter(({ peerId }) => peerId !== peer.peerId);
  return { ...state, peers: [...others, peer] };
}

function peerLeft(state: StageState, gone: string): StageState {
  return {
    ...state,
    peers: state.peers.filter(({ peerId }) => peerId !== gone),
    producers: state.producers.filter(({ peerId }) => peerId !== gone),
    speaker: state.speaker === gone ? null : state.speaker,
    levels: withoutKey(state.levels, gone),
    network: withoutKey(state.network, gone),
  };
}

function producerAdded(
  state: StageState,
  producer: SignalingPayload<'producer.added'>['producer'],
): StageState {
  if (producer.peerId === state.peerId) return state;
  const others = state.producers.filter(({ producerId }) => producerId !== producer.producerId);
  return { ...state, producers: [...others, producer] };
}

function producerChanged(
  state: StageState,
  { producerId, pausedBy }: SignalingPayload<'producer.changed'>,
): StageState {
  const own = Object.entries(state.own).map(([source, mine]) =>
    mine.producerId === producerId ? [source, { ...mine, mutedByHost: pausedBy === 'host' }] : [source, mine],
  );
  return {
    ...state,
    own: Object.fromEntries(own) as StageState['own'],
    producers: state.producers.map((producer) =>
      producer.producerId === producerId ? { ...producer, pausedBy } : producer,
    ),
  };
}

function producerRemoved(state: StageState, gone: string): StageState {
  return { ...state, producers: state.producers.filter(({ producerId }) => producerId !== gone) };
}

function layersChanged(
  state: StageState,
  { consumerId, spatial, temporal }: SignalingPayload<'consumer.layers'>,
): StageState {
  const entries = Object.entries(state.received).map(([producerId, received]) =>
    received.consumerId === consumerId
      ? [producerId, { ...received, layers: { spatial, temporal } }]
      : [producerId, received],
  );
  return { ...state, received: Object.fromEntries(entries) as StageState['received'] };
}
