import { EventEmitter } from 'node:events';
import { AppError } from '@maydan/common';
import type { IceServer, LeaveReason, MediaKind, MediaSource, PeerInfo, StageRole } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { FastStarts } from '../faststart/FastStarts.ts';
import { layerSizes, priorityFor, spatialLayerFor } from './layers.ts';
import type { Size } from './layers.ts';
import { networkScoreOf } from './networkScore.ts';
import type { NetworkScore } from './networkScore.ts';
import { asRefusal, found } from './refusal.ts';
import { checkProduction, checkReceiving, checkTransport, isOnStage, limits } from './rights.ts';
import type { Direction, SessionType } from './rights.ts';
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
}

export interface NewProducer {
  readonly kind: MediaKind;
  readonly source: MediaSource;
  readonly rtpParameters: types.RtpParameters;
  readonly paused?: boolean;
}

/** What a peer needs of its room. */
export interface PeerRoom {
  readonly sessionId: string;
  readonly sessionType: SessionType;
  readonly transports: TransportFactory;
  readonly fastStarts: FastStarts;
  producer(id: string): RoomProducer | undefined;
  /** @throws AppError `conflict` when the stage has no space for another video. */
  checkSpace(peer: Peer, kind: MediaKind): void;
  /** Takes a mediasoup Producer of the peer into the room. */
  publish(peer: Peer, producer: types.Producer, source: MediaSource, ownerPaused: boolean): RoomProducer;
  keyFrameAsked(): void;
}

export interface PeerEvents {
  /** A consumer whose producer is gone. */
  consumerClosed: [consumerId: string];
  consumerLayers: [consumerId: string, layers: types.ConsumerLayers | undefined];
  /** A consumer was made, still paused. */
  consumerAdded: [consumer: types.Consumer, producer: RoomProducer];
  consumerResumed: [consumer: types.Consumer, producer: RoomProducer];
  /** DTLS was ended or failed: the client is gone, or this transport of it. */
  transportClosed: [transportId: string];
  /** How well packets travel may have changed. */
  score: [];
  /** Once, when everything of the peer is closed. */
  closed: [reason: LeaveReason];
}

interface Transport {
  readonly transport: types.WebRtcTransport | types.PlainTransport;
  readonly direction: Direction;
}
/** What all mediasoup transports' observers have in common. */
interface Closing {
  once(event: 'close', listener: () => void): unknown;
}
interface Receiving {
  readonly consumer: types.Consumer;
  readonly producer: RoomProducer;
}

/** Somebody in a room, with all that it sends and receives; its rights and limits are held here, for every protocol. */
export class Peer extends EventEmitter<PeerEvents> {
  readonly identity: Identity;
  readonly place: RoomRouter;
  readonly #room: PeerRoom;
  readonly #transports = new Map<string, Transport>();
  readonly #producers = new Map<string, { shown: RoomProducer; producer: types.Producer }>();
  readonly #consumers = new Map<string, Receiving>();
  /** Transports and consumers on their way, which count for the limits. */
  #comingTransports = 0;
  #comingConsumers = 0;
  readonly #comingSources = new Set<MediaSource>();
  #closed = false;

  constructor(room: PeerRoom, identity: Identity, place: RoomRouter) {
    super();
    this.#room = room;
    this.identity = identity;
    this.place = place;
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
    const received = [...this.#consumers.values()].map(({ consumer }) => consumer);
    return networkScoreOf({ sent: [...this.#producers.values()].map(({ producer }) => producer), received });
  }

  /** STUN and TURN servers, with credentials for this peer. */
  get iceServers(): IceServer[] {
    return this.#room.transports.iceServers(this.id);
  }

  /** @throws AppError `forbidden` by the role, `conflict` when it has as many as it may have. */
  async createWebRtcTransport(options: {
    direction: Direction;
    preferTcp?: boolean;
  }): Promise<types.WebRtcTransport> {
    const { direction, preferTcp = false } = options;
    checkTransport(this.role, 'webrtc', direction);
    const transport = await this.#addTransport(direction, limits.webRtcTransports, () =>
      this.#room.transports.createWebRtc(this.place, direction, preferTcp),
    );
    transport.on('dtlsstatechange', (state) => {
      // A client that is gone says so by DTLS; a network that is gone doesn't.
      if (state !== 'closed' && state !== 'failed') return;
      transport.close();
      this.emit('transportClosed', transport.id);
    });
    return transport;
  }

  /**
   * RTP and RTCP on one port. `remote` is where a receiving one sends to; a sending one learns it from its first
   * packet. @throws AppError `forbidden`, `conflict`, `validation_failed` without a needed `remote`.
   */
  async createPlainTransport(options: {
    direction: Direction;
    remote: { ip: string; port: number } | null;
  }): Promise<types.PlainTransport> {
    const { direction, remote } = options;
    checkTransport(this.role, 'plain', direction);
    if (direction === 'receive' && remote === null) {
      throw new AppError('validation_failed', 'Where to send to is not said.');
    }
    return this.#addTransport(direction, limits.plainTransports, () =>
      this.#room.transports.createPlain(this.place, direction === 'receive' ? remote : null),
    );
  }

  /** @throws AppError `not_found`, `conflict` when it was connected before, `bad_request`. */
  async connectTransport(transportId: string, dtlsParameters: types.DtlsParameters): Promise<void> {
    const transport = this.#webRtcTransport(transportId);
    if (transport.dtlsState !== 'new') throw new AppError('conflict', 'The transport is connected already.');
    await asRefusal(transport.connect({ dtlsParameters }));
  }

  /** New ICE credentials; what the transport carries stays. @throws AppError `not_found`. */
  restartIce(transportId: string): Promise<types.IceParameters> {
    return asRefusal(this.#webRtcTransport(transportId).restartIce());
  }

  /** Also closes what goes over it. @throws AppError `not_found`. */
  closeTransport(transportId: string): void {
    found(this.#transports.get(transportId)).transport.close();
  }

  /**
   * Sends something. @throws AppError `not_found` (transport), `forbidden` by role or kind of session, `conflict` when
   * it sends this source already or the stage is full, `bad_request` when mediasoup can't use the parameters.
   */
  async produce(transportId: string, options: NewProducer): Promise<RoomProducer> {
    const { kind, source, rtpParameters, paused = false } = options;
    checkProduction(this.role, this.#room.sessionType, options);
    const transport = this.#transport(transportId, 'send');
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

  /**
   * Receives something, paused at first. @throws AppError `forbidden`, `not_found` (transport or producer), `conflict`
   * for its own or too many, `unsupported_media_type` when it can't decode it.
   */
  async consume(
    transportId: string,
    { producerId, rtpCapabilities }: { producerId: string; rtpCapabilities: types.RtpCapabilities },
  ): Promise<types.Consumer> {
    checkReceiving(this.role);
    const transport = this.#transport(transportId, 'receive');
    const producer = found(this.#room.producer(producerId));
    if (producer.peerId === this.id) throw new AppError('conflict', 'This is what the peer itself sends.');
    if (this.#consumers.size + this.#comingConsumers >= limits.consumers) throw new AppError('conflict');
    this.#comingConsumers++;
    try {
      const { router } = this;
      const there = await producer.onRouter(router);
      if (!this.#canConsume(there.id, rtpCapabilities)) throw new AppError('unsupported_media_type');
      const arrival = { router, producer: there, transport };
      const consumer = await this.#room.fastStarts.consume(producer, arrival, (id) =>
        asRefusal(transport.consume({ producerId: id, rtpCapabilities, paused: true })),
      );
      if (consumer.closed) throw new AppError('not_found');
      this.#addConsumer({ consumer, producer });
      return consumer;
    } finally {
      this.#comingConsumers--;
    }
  }

  /** A key frame is asked for. @throws AppError `not_found`. */
  async resumeConsumer(consumerId: string): Promise<void> {
    const { consumer, producer } = found(this.#consumers.get(consumerId));
    await asRefusal(consumer.resume());
    if (consumer.kind === 'video') this.#room.keyFrameAsked();
    this.emit('consumerResumed', consumer, producer);
  }

  /** @throws AppError `not_found`. */
  pauseConsumer(consumerId: string): Promise<void> {
    return asRefusal(found(this.#consumers.get(consumerId)).consumer.pause());
  }

  /** @throws AppError `not_found`. */
  closeConsumer(consumerId: string): void {
    found(this.#consumers.get(consumerId)).consumer.close();
  }

  /** At most one a second reaches the sender, however many ask. @throws AppError `not_found`. */
  async requestKeyFrame(consumerId: string): Promise<void> {
    const { consumer } = found(this.#consumers.get(consumerId));
    if (consumer.kind !== 'video') return;
    this.#room.keyFrameAsked();
    await asRefusal(consumer.requestKeyFrame());
  }

  /** How large the picture is shown, in device pixels: no larger layer is sent than that needs. */
  async setConsumerSize(consumerId: string, shown: Size): Promise<void> {
    const { consumer, producer } = found(this.#consumers.get(consumerId));
    if (consumer.kind !== 'video') return;
    await asRefusal(consumer.setPriority(priorityFor(shown)));
    if (consumer.type !== 'simulcast' && consumer.type !== 'svc') return;
    const spatialLayer = spatialLayerFor(shown, layerSizes(producer.source, producer.encodings));
    await asRefusal(consumer.setPreferredLayers({ spatialLayer }));
  }

  /** Ends everything of the peer. Idempotent. */
  close(reason: LeaveReason): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { transport } of [...this.#transports.values()]) transport.close();
    this.emit('closed', reason);
  }

  #transport(transportId: string, direction: Direction): Transport['transport'] {
    const { transport, direction: own } = found(this.#transports.get(transportId));
    if (own !== direction) throw new AppError('conflict', `This transport is there to ${own}.`);
    return transport;
  }

  #webRtcTransport(transportId: string): types.WebRtcTransport {
    const { transport } = found(this.#transports.get(transportId));
    if (!('restartIce' in transport))
      throw new AppError('conflict', 'A plain transport needs no connecting.');
    return transport;
  }

  async #addTransport<T extends Transport['transport']>(
    direction: Direction,
    limit: number,
    create: () => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw new AppError('not_found');
    if (this.#transports.size + this.#comingTransports >= limit) {
      throw new AppError('conflict', `A peer has ${limit} transports at most.`);
    }
    this.#comingTransports++;
    try {
      const transport = await create();
      if (this.#closed) {
        transport.close();
        throw new AppError('not_found');
      }
      this.#transports.set(transport.id, { transport, direction });
      const observer: Closing = transport.observer;
      observer.once('close', () => this.#transports.delete(transport.id));
      return transport;
    } finally {
      this.#comingTransports--;
    }
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

  #addConsumer(receiving: Receiving): void {
    const { consumer, producer } = receiving;
    this.#consumers.set(consumer.id, receiving);
    consumer.observer.once('close', () => this.#consumers.delete(consumer.id));
    consumer.on('producerclose', () => this.emit('consumerClosed', consumer.id));
    consumer.on('layerschange', (layers) => this.emit('consumerLayers', consumer.id, layers));
    consumer.on('score', () => this.emit('score'));
    this.emit('consumerAdded', consumer, producer);
  }

  /** mediasoup throws for capabilities that make no sense. */
  #canConsume(producerId: string, rtpCapabilities: types.RtpCapabilities): boolean {
    try {
      return this.router.canConsume({ producerId, rtpCapabilities });
    } catch (cause) {
      throw new AppError('bad_request', undefined, undefined, { cause });
    }
  }
}
