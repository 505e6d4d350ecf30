import type { Fact, LeaveReason } from '@maydan/contracts';
import type { Peer } from '../rooms/Peer.ts';
import type { Room } from '../rooms/Room.ts';
import type { RoomProducer } from '../rooms/RoomProducer.ts';
import type { Rooms } from '../rooms/Rooms.ts';

/** What facts are told to. */
export interface FactSink {
  append(fact: Fact): void;
}

/** Tells the api who is on stage of this node, and whether they send anything. What an encoder publishes is no stage. */
export class StageFacts {
  readonly #facts: FactSink;
  readonly #nodeId: string;
  /** What is sent by people on stage, by room. */
  readonly #sending = new Map<Room, Set<RoomProducer>>();

  constructor(rooms: Rooms, facts: FactSink, nodeId: string) {
    this.#facts = facts;
    this.#nodeId = nodeId;
    rooms.on('opened', (room) => this.#watch(room));
  }

  /** Tells all that is so at present: the api takes a node that says nothing for long for gone, and forgets who is there. */
  tellAgain(): void {
    for (const [room, sending] of this.#sending) {
      for (const peer of room.peers.values()) this.#peerJoined(room, peer);
      if (sending.size > 0) this.#facts.append({ type: 'stage.started', ...this.#base(room) });
    }
  }

  #watch(room: Room): void {
    const sending = new Set<RoomProducer>();
    this.#sending.set(room, sending);
    room.once('closed', () => this.#sending.delete(room));
    room.on('peerJoined', (peer) => this.#peerJoined(room, peer));
    room.on('peerLeft', (peer, reason) => this.#peerLeft(room, peer, reason));
    room.on('producerAdded', (producer) => {
      if (!isOfStage(producer)) return;
      sending.add(producer);
      if (sending.size === 1) this.#facts.append({ type: 'stage.started', ...this.#base(room) });
    });
    room.on('producerRemoved', (producer) => {
      if (sending.delete(producer) && sending.size === 0)
        this.#facts.append({ type: 'stage.stopped', ...this.#base(room) });
    });
  }

  #peerJoined(room: Room, peer: Peer): void {
    if (!isPerson(peer.role)) return;
    const { id: peerId, userId, role } = peer;
    this.#facts.append({ type: 'stage.peerJoined', ...this.#base(room), peerId, userId, role });
  }

  #peerLeft(room: Room, peer: Peer, reason: LeaveReason): void {
    if (!isPerson(peer.role)) return;
    const { id: peerId, userId, role } = peer;
    this.#facts.append({ type: 'stage.peerLeft', ...this.#base(room), peerId, userId, role, reason });
  }

  #base({ sessionId }: Room): { sessionId: string; at: string; nodeId: string } {
    return { sessionId, at: new Date().toISOString(), nodeId: this.#nodeId };
  }
}

function isPerson(role: Peer['role']): boolean {
  return role === 'host' || role === 'cohost';
}

function isOfStage(producer: RoomProducer): boolean {
  return producer.nodeId === null && isPerson(producer.owner.role);
}
