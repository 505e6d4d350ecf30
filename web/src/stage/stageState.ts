import type {
  ErrorCode,
  LeaveReason,
  MediaSource,
  PeerInfo,
  ProducerInfo,
  SignalingOutput,
  StageRole,
} from '@maydan/contracts';
import { levelsByPeer, networkByPeer, withoutKey } from './records.ts';
import { signalled } from './signalled.ts';
import type { SignalingMessage } from './signalled.ts';

/** Why a client is out of the room for good: what the sfu said, or the api would not let it in (`refused`). */
export type CloseReason = LeaveReason | 'refused' | 'unsupported';

/** `closed` is final; every other state becomes `connected` by itself as soon as that is possible. */
export type StageConnection = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'closed';
export type IceState = 'new' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';
export type Direction = 'send' | 'receive';

export interface PeerNetwork {
  /** 0 (unusable) to 10 (perfect); null where nothing is sent or received. */
  readonly sending: number | null;
  readonly receiving: number | null;
}
/** What this client sends. */
export interface OwnProducer {
  readonly producerId: string | null;
  /** As its owner wants it. */
  readonly muted: boolean;
  /** The host paused it: the owner can't resume it. */
  readonly mutedByHost: boolean;
}
/** What this client receives of a producer. */
export interface ReceivedProducer {
  readonly consumerId: string;
  /** The layers that the sfu sends at present; null before the first, and for audio. */
  readonly layers: { readonly spatial: number | null; readonly temporal: number | null } | null;
}

/** Everything that a page shows of a stage; plain data, changed by `reduceStage` alone. */
export interface StageState {
  readonly connection: StageConnection;
  /** How often this client has joined, returns after a loss included. */
  readonly joins: number;
  readonly closeReason: CloseReason | null;
  readonly role: StageRole | null;
  readonly peerId: string | null;
  /** The others on stage, in the order in which they came. */
  readonly peers: readonly PeerInfo[];
  /** What the others send. */
  readonly producers: readonly ProducerInfo[];
  /** By producer id. */
  readonly received: Readonly<Record<string, ReceivedProducer>>;
  readonly own: Readonly<Partial<Record<MediaSource, OwnProducer>>>;
  /** Peer id of who speaks (it may be this client), null in silence. */
  readonly speaker: string | null;
  /** Loudness in dBov by peer id, of those who can be heard. */
  readonly levels: Readonly<Record<string, number>>;
  readonly network: Readonly<Record<string, PeerNetwork>>;
  readonly ice: Readonly<Record<Direction, IceState | null>>;
  /** The browser wants a gesture before it plays sound. */
  readonly soundBlocked: boolean;
  /** Why something of this client can't be sent or received at present. */
  readonly problem: ErrorCode | null;
}

export const initialStage: StageState = {
  connection: 'idle',
  joins: 0,
  closeReason: null,
  role: null,
  peerId: null,
  peers: [],
  producers: [],
  received: {},
  own: {},
  speaker: null,
  levels: {},
  network: {},
  ice: { send: null, receive: null },
  soundBlocked: false,
  problem: null,
};

export type StageEvent =
  | { readonly type: 'opened' }
  | { readonly type: 'joined'; readonly room: SignalingOutput<'room.join'> }
  | { readonly type: 'lost' }
  | { readonly type: 'closed'; readonly reason: CloseReason }
  | { readonly type: 'signalled'; readonly message: SignalingMessage }
  | { readonly type: 'consumed'; readonly producerId: string; readonly consumerId: string }
  | { readonly type: 'unconsumed'; readonly producerId: string }
  | { readonly type: 'wanted'; readonly source: MediaSource; readonly muted: boolean }
  | { readonly type: 'unwanted'; readonly source: MediaSource }
  | {
      readonly type: 'produced';
      readonly source: MediaSource;
      readonly producerId: string | null;
      /** The host had muted this person before. */
      readonly mutedByHost: boolean;
    }
  | { readonly type: 'iceChanged'; readonly direction: Direction; readonly state: IceState | null }
  | { readonly type: 'soundBlocked'; readonly blocked: boolean }
  | { readonly type: 'problem'; readonly code: ErrorCode | null };

/** The state after an event. A closed stage stays closed. */
export function reduceStage(state: StageState, event: StageEvent): StageState {
  if (state.connection === 'closed') return state;
  switch (event.type) {
    case 'opened':
      return { ...initialStage, own: state.own, connection: 'connecting' };
    case 'joined':
      return joined(state, event.room);
    case 'lost':
      return state.connection === 'connected' ? { ...state, connection: 'reconnecting', levels: {} } : state;
    case 'closed':
      return { ...initialStage, connection: 'closed', closeReason: event.reason, role: state.role };
    case 'signalled':
      return signalled(state, event.message);
    case 'consumed':
      return withReceived(state, event.producerId, { consumerId: event.consumerId, layers: null });
    case 'unconsumed':
      return { ...state, received: withoutKey(state.received, event.producerId) };
    case 'wanted':
      return withOwn(state, event.source, { muted: event.muted });
    case 'unwanted':
      return { ...state, own: withoutKey(state.own, event.source) };
    case 'produced':
      return state.own[event.source]
        ? withOwn(state, event.source, { producerId: event.producerId, mutedByHost: event.mutedByHost })
        : state;
    case 'iceChanged':
      return { ...state, ice: { ...state.ice, [event.direction]: event.state } };
    case 'soundBlocked':
      return { ...state, soundBlocked: event.blocked };
    case 'problem':
      return { ...state, problem: event.code };
  }
}

function joined(state: StageState, room: SignalingOutput<'room.join'>): StageState {
  const others = room.producers.filter(({ peerId }) => peerId !== room.peerId);
  const kept = { received: state.received, ice: state.ice };
  const fresh = { received: {}, ice: initialStage.ice };
  return {
    ...state,
    ...(room.resumed ? kept : fresh),
    connection: 'connected',
    joins: state.joins + 1,
    role: room.role,
    peerId: room.peerId,
    peers: room.peers.filter(({ peerId }) => peerId !== room.peerId),
    producers: others,
    own: ownAsJoined(state.own, room),
    speaker: room.speaker,
    levels: levelsByPeer(room.levels),
    network: networkByPeer(room.network),
    problem: null,
  };
}

/** A resumed peer's producers are still there, perhaps muted by the host meanwhile; after a new start there are none. */
function ownAsJoined(own: StageState['own'], room: SignalingOutput<'room.join'>): StageState['own'] {
  const entries = Object.entries(own).map(([source, mine]) => {
    const info = room.producers.find(({ producerId }) => producerId === mine.producerId);
    if (!room.resumed) return [source, { ...mine, producerId: null, mutedByHost: false }] as const;
    return [source, { ...mine, mutedByHost: info ? info.pausedBy === 'host' : mine.mutedByHost }] as const;
  });
  return Object.fromEntries(entries);
}

function withReceived(state: StageState, producerId: string, received: ReceivedProducer): StageState {
  return { ...state, received: { ...state.received, [producerId]: received } };
}

function withOwn(state: StageState, source: MediaSource, change: Partial<OwnProducer>): StageState {
  const before = state.own[source] ?? { producerId: null, muted: false, mutedByHost: false };
  return { ...state, own: { ...state.own, [source]: { ...before, ...change } } };
}
