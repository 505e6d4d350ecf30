import { signalingEvents } from '@maydan/contracts';
import type { LeaveReason, SignalingEvent, SignalingOutput, SignalingPayload } from '@maydan/contracts';
import type { Socket } from 'socket.io';
import type { Peer } from '../rooms/Peer.ts';
import { isService } from '../rooms/rights.ts';
import type { Room } from '../rooms/Room.ts';

/** Names of Socket.IO rooms: everybody of a session, and those on stage with our own services. */
export const everybody = (sessionId: string): string => `all:${sessionId}`;
export const stageOnly = (sessionId: string): string => `stage:${sessionId}`;

/** Sends an event to a socket or to many. */
export function send<E extends SignalingEvent>(
  target: { emit(event: string, payload: unknown): unknown },
  event: E,
  payload: SignalingPayload<E>,
): void {
  target.emit(event, signalingEvents[event].parse(payload));
}

export interface PeerSessionOptions {
  readonly graceMs: number;
  /** The room was lost; over this connection it may be joined again. */
  readonly onLost: (socket: Socket) => void;
}

/**
 * A peer and the connection over which it is spoken to. Without one the peer stays as it is for the grace period, so
 * that a client that lost its network goes on where it was, and the others see a frozen picture at most.
 */
export class PeerSession {
  readonly peer: Peer;
  readonly room: Room;
  readonly #options: PeerSessionOptions;
  #socket: Socket | null = null;
  #grace: NodeJS.Timeout | undefined;

  constructor(room: Room, peer: Peer, options: PeerSessionOptions) {
    this.room = room;
    this.peer = peer;
    this.#options = options;
    this.#forward();
    peer.once('closed', (reason) => this.#end(reason));
  }

  /** Speaks over this connection from now on; an older one is told `takenOver`. */
  attach(socket: Socket): void {
    const older = this.#socket;
    clearTimeout(this.#grace);
    this.#socket = socket;
    if (older !== null) this.#dismiss(older, 'takenOver');
    const { sessionId } = this.room;
    void socket.join(everybody(sessionId));
    if (this.#seesStage) void socket.join(stageOnly(sessionId));
    this.tellAudience();
  }

  /** The connection is gone. Nothing happens when another has taken its place. */
  detach(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    if (!this.peer.closed) this.#grace = setTimeout(() => this.peer.close('lost'), this.#options.graceMs);
  }

  /** What the client is told on joining. */
  welcome(resumed: boolean): SignalingOutput<'room.join'> {
    const { room, peer } = this;
    return {
      peerId: peer.id,
      role: peer.role,
      resumed,
      // mediasoup's types leave parameters of codecs open, which are text and numbers.
      rtpCapabilities: room.rtpCapabilities as SignalingOutput<'room.join'>['rtpCapabilities'],
      peers: room.stage.filter(({ peerId }) => peerId !== peer.id),
      producers: room.producers.map(({ info }) => info),
      speaker: room.speaker,
      levels: [...room.levels],
      network: this.#network,
    };
  }

  /** How well somebody on stage is connected concerns all on stage; a viewer's only the viewer. */
  get #network(): SignalingOutput<'room.join'>['network'] {
    const { room, peer } = this;
    return [...room.peers.values()]
      .filter((other) => other === peer || (this.#seesStage && other.onStage))
      .map((other) => ({ peerId: other.id, ...other.network }))
      .filter(({ sending, receiving }) => sending !== null || receiving !== null);
  }

  get #seesStage(): boolean {
    return this.peer.onStage || isService(this.peer.role);
  }

  /** The id of its connection's Socket.IO room. */
  get socketId(): string | undefined {
    return this.#socket?.id;
  }

  tell<E extends SignalingEvent>(event: E, payload: SignalingPayload<E>): void {
    if (this.#socket !== null) send(this.#socket, event, payload);
  }

  /** How many watch, to those services that want to know. */
  tellAudience(): void {
    if (isService(this.peer.role)) this.tell('room.audience', { viewers: this.room.audience });
  }

  #forward(): void {
    this.peer.consumers.on('producerGone', (consumerId) => this.tell('consumer.closed', { consumerId }));
    this.peer.consumers.on('layers', (consumerId, layers) => {
      const { spatialLayer: spatial = null, temporalLayer: temporal = null } = layers ?? {};
      this.tell('consumer.layers', { consumerId, spatial, temporal });
    });
  }

  #end(reason: LeaveReason): void {
    clearTimeout(this.#grace);
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) this.#dismiss(socket, reason);
  }

  /** A client whose room was lost may join again over the same connection. */
  #dismiss(socket: Socket, reason: LeaveReason): void {
    const { sessionId } = this.room;
    void socket.leave(everybody(sessionId));
    void socket.leave(stageOnly(sessionId));
    send(socket, 'room.closed', { reason });
    if (reason === 'roomLost') this.#options.onLost(socket);
    // Who leaves gets an answer first.
    else if (reason !== 'left') socket.disconnect(true);
  }
}
