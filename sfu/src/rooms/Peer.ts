import { EventEmitter } from 'node:events';
import { AppError } from '@maydan/common';
import type { LeaveReason, MediaKind, MediaSource, PeerInfo, StageRole } from '@maydan/contracts';
import type { types } from 'mediasoup';
import { networkScoreOf } from './networkScore.ts';
import type { NetworkScore } from './networkScore.ts';
import { PeerConsumers } from './PeerConsumers.ts';
import type { ReceivingRoom } from './PeerConsumers.ts';
import { PeerTransports } from './PeerTransports.ts';
import { asRefusal, found } from './refusal.ts';
import { checkProduction, isOnStage } from './rights.ts';
import type { SessionType } from './rights.ts';
import type { RoomProducer } from './RoomProducer.ts';
import type { RoomRouter } from './RoomRouters.ts';
import type { TransportFactory } from './TransportFactory.ts';

/** Who joins. */
export interface Identity {
  readonly peerId: string;
  readonly role: StageRole;
  /** Null for people who aren't signed in, and for our services. */
  readonly userId: string | null;
  readonly displayName: string;
  /** When the api let them in, in seconds: their join token was minted, or it was asked about their key; missing for our services. */
  readonly iat?: number;
  /** As whom they are counted while they are connected; missing for who isn't. */
  readonly viewer?: string | undefined;
}

export interface NewProducer {
  readonly kind: MediaKind;
  readonly source: MediaSource;
  readonly rtpParameters: types.RtpParameters;
  readonly paused?: boolean;
}

/** What a peer needs of its room. */
export interface PeerRoom extends ReceivingRoom {
  readonly sessionId: string;
  readonly sessionType: SessionType;
  readonly transports: TransportFactory;
  /** @throws AppError `conflict` when the stage has no space for another video. */
  checkSpace(peer: Peer, kind: MediaKind): void;
  /** Takes a mediasoup Producer of the peer into the room. */
  publish(peer: Peer, producer: types.Producer, source: MediaSource, ownerPaused: boolean): RoomProducer;
}

export interface PeerEvents {
  /** How well packets travel may have changed. */
  score: [];
  /** Once, when everything of the peer is closed. */
  closed: [reason: LeaveReason];
}

/** Somebody in a room, with all that it sends and receives; its rights and limits are held here, for every protocol. */
export class Peer extends EventEmitter<PeerEvents> {
  readonly identity: Identity;
  readonly place: RoomRouter;
  readonly transports: PeerTransports;
  readonly consumers: PeerConsumers;
  readonly #room: PeerRoom;
  readonly #producers = new Map<string, { shown: RoomProducer; producer: types.Producer }>();
  /** Sources of producers on their way. */
  readonly #comingSources = new Set<MediaSource>();
  #closed = false;

  constructor(room: PeerRoom, identity: Identity, place: RoomRouter) {
    super();
    this.#room = room;
    this.identity = identity;
    this.place = place;
    const { peerId, role } = identity;
    this.transports = new PeerTransports({ peerId, role, place, factory: room.transports });
    const { router } = place;
    this.consumers = new PeerConsumers({ peerId, role, router, transports: this.transports, room });
    this.consumers.on('score', () => this.emit('score'));
  }

  get id(): string {
    return this.identity.peerId;
  }

  get role(): StageRole {
    return this.identity.role;
  }

  get userId(): string | null {
    return this.identity.userId;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get router(): types.Router {
    return this.place.router;
  }

  get onStage(): boolean {
    return isOnStage(this.role);
  }

  get info(): PeerInfo {
    const { peerId, userId, displayName, role } = this.identity;
    return { peerId, userId, displayName, role };
  }

  /** What it sends. */
  get producers(): RoomProducer[] {
    return [...this.#producers.values()].map(({ shown }) => shown);
  }

  get network(): NetworkScore {
    const sent = [...this.#producers.values()].map(({ producer }) => producer);
    return networkScoreOf({ sent, received: this.consumers.all });
  }

  /**
   * Sends something. @throws AppError `not_found` (transport), `forbidden` by role or kind of session, `conflict` when
   * it sends this source already or the stage is full, `bad_request` when mediasoup can't use the parameters.
   */
  async produce(transportId: string, options: NewProducer): Promise<RoomProducer> {
    const { kind, source, rtpParameters, paused = false } = options;
    checkProduction(this.role, this.#room.sessionType, options);
    const transport = this.transports.get(transportId, 'send');
    if (this.#comingSources.has(source) || this.producers.some((other) => other.source === source)) {
      throw new AppError('conflict', `The peer sends a ${source} already.`);
    }
    this.#room.checkSpace(this, kind);
    this.#comingSources.add(source);
    try {
      const producer = await asRefusal(
        this.#room.transports.produce(transport, { kind, rtpParameters, paused }),
      );
      if (producer.closed) throw new AppError('not_found');
      const shown = this.#addProducer(producer, source, paused);
      await this.#room.fastStarts.ready(shown);
      return shown;
    } finally {
      this.#comingSources.delete(source);
    }
  }

  /** One of its own. @throws AppError `not_found`. */
  ownProducer(producerId: string): RoomProducer {
    return found(this.#producers.get(producerId)).shown;
  }

  /** @throws AppError `not_found`. */
  closeProducer(producerId: string): void {
    found(this.#producers.get(producerId)).producer.close();
  }

  /** Ends everything of the peer. Idempotent. */
  close(reason: LeaveReason): void {
    if (this.#closed) return;
    this.#closed = true;
    this.transports.closeAll();
    this.emit('closed', reason);
  }

  #addProducer(producer: types.Producer, source: MediaSource, paused: boolean): RoomProducer {
    const shown = this.#room.publish(this, producer, source, paused);
    this.#producers.set(shown.id, { shown, producer });
    producer.on('score', () => this.emit('score'));
    producer.observer.once('close', () => {
      this.#producers.delete(shown.id);
      shown.close();
      this.emit('score');
    });
    return shown;
  }
}
