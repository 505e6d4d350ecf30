import type { Logger } from '@maydan/common';
import { mostSweptPipes } from '@maydan/contracts';
import type { LeaveReason, MeshRoomState } from '@maydan/contracts';
import type { Peer } from '../rooms/Peer.ts';
import type { Room } from '../rooms/Room.ts';
import type { RoomProducer } from '../rooms/RoomProducer.ts';
import type { MeshStore } from './MeshStore.ts';

/** This node's process, as the others are to know it. */
export interface NodeRun {
  readonly nodeId: string;
  readonly runId: string;
  readonly internalUrl: string;
  /** Rises with every call, over all rooms. */
  readonly nextRevision: () => number;
}

export interface OwnStateOptions {
  readonly room: Room;
  readonly self: NodeRun;
  readonly store: MeshStore;
  readonly logger: Logger;
}

const mostLeft = 20;
const mostMutes = 200;

/** What this node tells the others of a room: after each change, all of it. */
export class OwnState {
  readonly #options: OwnStateOptions;
  /** Who is on stage here, since when (Unix time). */
  readonly #joined = new Map<string, number>();
  #left: { peerId: string; reason: LeaveReason }[] = [];
  /** One word after the other, so that they arrive in order. */
  #told: Promise<void> = Promise.resolve();
  #isWaiting = false;
  #swept: string[] = [];

  constructor(options: OwnStateOptions) {
    this.#options = options;
    const { room } = options;
    room.on('peerJoined', (peer) => this.#peerJoined(peer));
    room.on('peerLeft', (peer, reason) => this.#peerLeft(peer, reason));
    const producerChanged = ({ nodeId }: RoomProducer): void => {
      if (nodeId === null) void this.announce();
    };
    room.on('producerAdded', producerChanged);
    room.on('producerChanged', producerChanged);
    room.on('producerSized', producerChanged);
    room.on('producerRemoved', producerChanged);
    room.once('closed', () => this.#withdraw());
  }

  get joinedAtMs(): ReadonlyMap<string, number> {
    return this.#joined;
  }

  /** Resolves when all that happened until now is told. */
  get told(): Promise<void> {
    return this.#told;
  }

  /** Tells how things are; what changes before that is told along. Never rejects. */
  announce(): Promise<void> {
    if (this.#isWaiting || this.#options.room.closed) return this.#told;
    this.#isWaiting = true;
    return this.#tell(() => {
      this.#isWaiting = false;
      return this.#options.room.closed ? Promise.resolve() : this.#options.store.announce(this.#describe());
    });
  }

  /** A pipe was ended without being asked. */
  swept(pipeId: string): void {
    this.#swept = [...this.#swept, pipeId].slice(-mostSweptPipes);
    void this.announce();
  }

  #withdraw(): void {
    void this.#tell(() => this.#options.store.withdraw(this.#describe()));
  }

  /** What can't be told now is told when the state is renewed. */
  #tell(word: () => Promise<void>): Promise<void> {
    this.#told = this.#told.then(word).catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'the other nodes could not be told of a room');
    });
    return this.#told;
  }

  #peerJoined(peer: Peer): void {
    if (peer.onStage) this.#joined.set(peer.id, Date.now());
    this.#left = this.#left.filter(({ peerId }) => peerId !== peer.id);
    void this.announce();
  }

  #peerLeft(peer: Peer, reason: LeaveReason): void {
    if (peer.onStage) {
      this.#joined.delete(peer.id);
      this.#left = [...this.#left, { peerId: peer.id, reason }].slice(-mostLeft);
    }
    void this.announce();
  }

  #describe(): MeshRoomState {
    const { room, self } = this.#options;
    const { nodeId, runId, internalUrl } = self;
    const peers = [...room.peers.values()].filter(({ onStage }) => onStage);
    return {
      ...{ nodeId, runId, internalUrl, revision: self.nextRevision() },
      ...{ sessionId: room.sessionId, sessionType: room.sessionType, closed: room.closed },
      audience: room.ownAudience,
      peers: peers.map(({ id, info }) => ({ ...info, joinedAtMs: this.#joined.get(id) ?? Date.now() })),
      left: this.#left,
      producers: room.producers.filter((producer) => producer.nodeId === null).map(describeProducer),
      mutes: room.mutes.all.slice(-mostMutes),
      swept: this.#swept,
    };
  }
}

function describeProducer(producer: RoomProducer): MeshRoomState['producers'][number] {
  const { ownerPaused, hostPaused } = producer.pauses;
  const encodings = producer.encodings.map(({ scalabilityMode, scaleResolutionDownBy }) => ({
    scalabilityMode,
    scaleResolutionDownBy,
  }));
  const { tellsLevel, size } = producer;
  return { ...producer.info, ownerPaused, hostPaused, encodings, size, tellsLevel };
}
