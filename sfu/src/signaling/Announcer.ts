import type { Server } from 'socket.io';
import type { Peer } from '../rooms/Peer.ts';
import type { Room } from '../rooms/Room.ts';
import type { RoomProducer } from '../rooms/RoomProducer.ts';
import type { Level } from '../rooms/SpeakerWatch.ts';
import { NetworkWatch } from './NetworkWatch.ts';
import { everybody, send, stageOnly } from './PeerSession.ts';
import type { PeerSession } from './PeerSession.ts';

export interface AnnouncerOptions {
  readonly io: Server;
  readonly room: Room;
  /** The sessions of this room's peers, where they have one (WHIP and WHEP have none). */
  readonly sessions: () => Iterable<PeerSession>;
  readonly sessionOf: (peerId: string) => PeerSession | undefined;
}

/** Above this many people, levels go to those on stage only. */
const maxLevelAudience = 100;
/** Loudness that changed less is the same for a meter on the screen. */
const levelStepDb = 3;

/** Tells the clients of a room what happens in it. Viewers and our own services are never announced. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #network: NetworkWatch;
  #levels: readonly Level[] = [];

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    const { room } = options;
    this.#network = new NetworkWatch((peer) => this.#tellNetwork(peer));
    room.on('peerJoined', (peer) => this.#peerJoined(peer));
    room.on('peerLeft', (peer, reason) => {
      this.#network.forget(peer);
      if (peer.onStage) send(this.#others(peer.id), 'peer.left', { peerId: peer.id, reason });
      this.#tellAudience();
    });
    room.on('remotePeerJoined', (peer) => send(this.#all, 'peer.joined', { peer }));
    room.on('remotePeerLeft', ({ peerId }, reason) => send(this.#all, 'peer.left', { peerId, reason }));
    room.on('remoteAudience', () => this.#tellAudience());
    room.on('producerAdded', (producer) => this.#producerAdded(producer));
    room.on('producerChanged', ({ id: producerId, pausedBy }) =>
      send(this.#all, 'producer.changed', { producerId, pausedBy }),
    );
    room.on('producerRemoved', ({ id: producerId, peerId }) =>
      send(this.#all, 'producer.removed', { producerId, peerId }),
    );
    room.on('speaker', (peerId) => send(this.#all, 'speaker.changed', { peerId }));
    room.on('levels', (levels) => this.#tellLevels(levels));
    room.once('closed', () => this.#network.close());
  }

  get #all() {
    return this.#options.io.to(everybody(this.#options.room.sessionId));
  }

  #others(peerId: string) {
    const socketId = this.#options.sessionOf(peerId)?.socketId;
    return socketId === undefined ? this.#all : this.#all.except(socketId);
  }

  #peerJoined(peer: Peer): void {
    peer.on('score', () => this.#network.check(peer));
    if (peer.onStage) send(this.#others(peer.id), 'peer.joined', { peer: peer.info });
    this.#tellAudience();
  }

  #producerAdded(producer: RoomProducer): void {
    send(this.#others(producer.peerId), 'producer.added', { producer: producer.info });
  }

  #tellAudience(): void {
    for (const session of this.#options.sessions()) session.tellAudience();
  }

  #tellLevels(levels: readonly Level[]): void {
    if (isAlike(levels, this.#levels)) return;
    this.#levels = levels;
    const { io, room } = this.#options;
    const target = room.audience > maxLevelAudience ? io.to(stageOnly(room.sessionId)) : this.#all;
    send(target.volatile, 'speaker.levels', { levels: [...levels] });
  }

  /** How well somebody on stage is connected concerns all on stage; a viewer's only the viewer. */
  #tellNetwork(peer: Peer): void {
    const payload = { peerId: peer.id, ...peer.network };
    const { io, room, sessionOf } = this.#options;
    if (peer.onStage) send(io.to(stageOnly(room.sessionId)), 'peer.network', payload);
    else sessionOf(peer.id)?.tell('peer.network', payload);
  }
}

function isAlike(a: readonly Level[], b: readonly Level[]): boolean {
  if (a.length !== b.length) return false;
  const before = new Map(b.map(({ peerId, dBov }) => [peerId, dBov]));
  return a.every(({ peerId, dBov }) => Math.abs(dBov - (before.get(peerId) ?? Infinity)) < levelStepDb);
}
