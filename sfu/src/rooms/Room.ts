import { EventEmitter } from 'node:events';
import { AppError, audioLevelUri } from '@maydan/common';
import type { Logger } from '@maydan/common';
import type { LeaveReason, MediaKind, MediaSource, PeerInfo, StageRole } from '@maydan/contracts';
import type { types } from 'mediasoup';
import { FastStarts } from '../faststart/FastStarts.ts';
import { Peer } from './Peer.ts';
import type { Identity, PeerRoom } from './Peer.ts';
import { found } from './refusal.ts';
import type { LevelMeters } from './LevelMeters.ts';
import { isOnStage, isService, limits } from './rights.ts';
import type { SessionType } from './rights.ts';
import { RoomProducer } from './RoomProducer.ts';
import type { RoomRouters } from './RoomRouters.ts';
import type { PayloadNumbering, RoomRouter } from './RoomRouters.ts';
import { SpeakerWatch } from './SpeakerWatch.ts';
import type { Level } from './SpeakerWatch.ts';
import type { TransportFactory } from './TransportFactory.ts';
import { isAbout, Mutes } from './Whom.ts';
import type { Whom } from './Whom.ts';

export interface RoomEvents {
  peerJoined: [peer: Peer];
  peerLeft: [peer: Peer, reason: LeaveReason];
  producerAdded: [producer: RoomProducer];
  producerChanged: [producer: RoomProducer];
  /** It has become known how large its pictures are. */
  producerSized: [producer: RoomProducer];
  producerRemoved: [producer: RoomProducer];
  /** Somebody of another node came on stage or left it. */
  remotePeerJoined: [peer: PeerInfo];
  remotePeerLeft: [peer: PeerInfo, reason: LeaveReason];
  /** More or fewer people are connected to other nodes. */
  remoteAudience: [];
  speaker: [peerId: string | null];
  levels: [levels: Level[]];
  /** Once, after all peers have left. */
  closed: [reason: LeaveReason];
}

export interface RoomOptions {
  readonly sessionId: string;
  readonly sessionType: SessionType;
  readonly routers: RoomRouters;
  readonly transports: TransportFactory;
  readonly levelMeters: LevelMeters;
  readonly logger: Logger;
  readonly keyFrameAsked: () => void;
}

/** Everybody of a session who is connected to this node, and all that is sent in it. Closes when the last peer leaves. */
export class Room extends EventEmitter<RoomEvents> implements PeerRoom {
  readonly sessionId: string;
  readonly sessionType: SessionType;
  readonly transports: TransportFactory;
  readonly mutes = new Mutes();
  readonly fastStarts: FastStarts;
  readonly #options: RoomOptions;
  readonly #speakers: SpeakerWatch;
  readonly #peers = new Map<string, Peer>();
  readonly #remotePeers = new Map<string, PeerInfo>();
  readonly #producers = new Map<string, RoomProducer>();
  #remoteAudience = 0;
  #closed = false;

  constructor(options: RoomOptions) {
    super();
    this.#options = options;
    this.sessionId = options.sessionId;
    this.sessionType = options.sessionType;
    this.transports = options.transports;
    this.fastStarts = new FastStarts(options.logger);
    this.#speakers = new SpeakerWatch(this.router, options.levelMeters, options.logger);
    this.#speakers.on('speaker', (peerId) => this.emit('speaker', peerId));
    this.#speakers.on('levels', (levels) => this.emit('levels', levels));
    options.routers.on('lost', (router) => this.#routerLost(router));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The Router of those on stage; pipes from other nodes end here. */
  get router(): types.Router {
    return this.#options.routers.home.router;
  }

  /** How many Workers the room is on. */
  get workerCount(): number {
    return this.#options.routers.size;
  }

  get rtpCapabilities(): types.RtpCapabilities {
    return this.router.rtpCapabilities;
  }

  /** Those connected to this node. */
  get peers(): ReadonlyMap<string, Peer> {
    return this.#peers;
  }

  /** Those on stage, here and on other nodes. */
  get stage(): PeerInfo[] {
    const own = [...this.#peers.values()].filter(({ onStage }) => onStage).map(({ info }) => info);
    return [...own, ...this.#remotePeers.values()];
  }

  get producers(): RoomProducer[] {
    return [...this.#producers.values()];
  }

  get speaker(): string | null {
    return this.#speakers.speaker;
  }

  /** Of those who can be heard at present. */
  get levels(): readonly Level[] {
    return this.#speakers.levels;
  }

  /** How many people are connected, to this node and to others: who needs what `ingress` brings in. */
  get audience(): number {
    return this.ownAudience + this.#remoteAudience;
  }

  /** How many people are connected to this node. */
  get ownAudience(): number {
    return [...this.#peers.values()].filter(({ role }) => !isService(role)).length;
  }

  producer(id: string): RoomProducer | undefined {
    return this.#producers.get(id);
  }

  /** @throws AppError `not_found`. */
  shown(producerId: string): RoomProducer {
    return found(this.#producers.get(producerId));
  }

  /**
   * Lets somebody in. An older peer of the same id is closed (`takenOver`) when it is the same person's.
   * @throws AppError `forbidden` when it is another's, `conflict` when the stage is full, `overloaded` when this node
   * is, `unavailable` when the room was closed meanwhile: open it again.
   * `numbering` is for a viewer who can't be told our payload types.
   */
  async join(identity: Identity, numbering?: PayloadNumbering): Promise<Peer> {
    this.#checkJoin(identity);
    const place = await this.#place(identity.role, numbering);
    try {
      this.#checkJoin(identity);
    } catch (error) {
      this.#release(identity.role, place);
      throw error;
    }
    const peer = new Peer(this, identity, place);
    const older = this.#peers.get(identity.peerId);
    // The new one is there before the old one goes, so that the room isn't closed for being empty.
    this.#peers.set(peer.id, peer);
    older?.close('takenOver');
    this.removeRemotePeer(peer.id, 'takenOver');
    peer.once('closed', (reason) => this.#left(peer, reason));
    this.emit('peerJoined', peer);
    return peer;
  }

  checkSpace(peer: Peer, kind: MediaKind): void {
    if (kind === 'audio') return;
    const showing = new Set(
      this.producers.filter((other) => other.kind === 'video').map(({ peerId }) => peerId),
    );
    if (!showing.has(peer.id) && showing.size >= limits.onStageWithVideo) {
      throw new AppError('conflict', `At most ${limits.onStageWithVideo} people send video.`);
    }
  }

  publish(peer: Peer, producer: types.Producer, source: MediaSource, ownerPaused: boolean): RoomProducer {
    const setPaused = (paused: boolean): Promise<void> => (paused ? producer.pause() : producer.resume());
    const isMuted = this.mutes.has(peer.identity, source);
    if (isMuted && !ownerPaused) void setPaused(true).catch(() => producer.close());
    const { id, kind, rtpParameters } = producer;
    const shown = new RoomProducer({
      id,
      owner: peer.info,
      kind,
      source,
      codec: rtpParameters.codecs[0]?.mimeType ?? '',
      encodings: rtpParameters.encodings ?? [],
      tellsLevel: rtpParameters.headerExtensions?.some(({ uri }) => uri === audioLevelUri) ?? false,
      ownerPaused,
      hostPaused: isMuted,
      nodeId: null,
      origin: { open: () => Promise.resolve({ producer, router: peer.router }), setPaused },
      portRange: this.transports.portRange,
    });
    this.addProducer(shown);
    return shown;
  }

  /** Shows a producer to everybody, also one of another node; until it is closed. */
  addProducer(producer: RoomProducer): void {
    this.#producers.set(producer.id, producer);
    producer.on('changed', () => this.emit('producerChanged', producer));
    producer.on('sized', () => this.emit('producerSized', producer));
    producer.once('closed', () => {
      this.#producers.delete(producer.id);
      this.emit('producerRemoved', producer);
    });
    void this.#speakers.add(producer);
    this.fastStarts.watch(producer, this.router);
    this.emit('producerAdded', producer);
  }

  addRemotePeer(peer: PeerInfo): void {
    const isNew = !this.#remotePeers.has(peer.peerId);
    this.#remotePeers.set(peer.peerId, peer);
    if (isNew) this.emit('remotePeerJoined', peer);
  }

  removeRemotePeer(peerId: string, reason: LeaveReason): void {
    const peer = this.#remotePeers.get(peerId);
    if (peer === undefined) return;
    this.#remotePeers.delete(peerId);
    this.emit('remotePeerLeft', peer, reason);
  }

  setRemoteAudience(people: number): void {
    if (people === this.#remoteAudience) return;
    this.#remoteAudience = people;
    this.emit('remoteAudience');
  }

  /**
   * Mutes somebody's source (null: all), or allows it again; also what they begin to send later. What is sent on another
   * node is muted there, and that node tells.
   */
  async mute(whom: Whom, source: MediaSource | null, muted: boolean): Promise<void> {
    this.mutes.set(whom, source, muted);
    const concerned = this.producers.filter(
      (producer) =>
        producer.nodeId === null &&
        isAbout(whom, producer.owner) &&
        (source === null || producer.source === source),
    );
    for (const producer of concerned) {
      await producer.pauseByHost(this.mutes.has(producer.owner, producer.source));
    }
  }

  keyFrameAsked(): void {
    this.#options.keyFrameAsked();
  }

  /** Sends everybody out. Idempotent. */
  close(reason: LeaveReason): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const peer of [...this.#peers.values()]) peer.close(reason);
    for (const producer of this.producers) producer.close();
    this.#options.routers.close();
    this.emit('closed', reason);
  }

  #checkJoin({ peerId, userId, role }: Identity): void {
    if (this.#closed) throw new AppError('unavailable');
    const older = this.#peers.get(peerId) ?? this.#remotePeers.get(peerId);
    if (older !== undefined && older.userId !== userId) throw new AppError('forbidden');
    if (!isOnStage(role)) return;
    const others = this.stage.filter((other) => other.peerId !== peerId);
    if (others.length >= limits.onStage) throw new AppError('conflict', 'The stage is full.');
  }

  /** Those on stage and our services are few, and are all together on the home Router. */
  async #place(role: StageRole, numbering?: PayloadNumbering): Promise<RoomRouter> {
    const { routers } = this.#options;
    if (role !== 'viewer') return routers.home;
    const place = await routers.forViewer(Math.max(1, this.#producers.size), numbering);
    place.viewers++;
    return place;
  }

  #release(role: StageRole, place: RoomRouter): void {
    if (role === 'viewer') this.#options.routers.release(place);
  }

  #left(peer: Peer, reason: LeaveReason): void {
    if (this.#peers.get(peer.id) === peer) this.#peers.delete(peer.id);
    this.#release(peer.role, peer.place);
    this.emit('peerLeft', peer, reason);
    if (this.#peers.size === 0) this.close(reason);
  }

  /** Without its home a room has nobody left who sends: it is over here. Else only those on the lost Router go. */
  #routerLost(lost: RoomRouter): void {
    if (lost === this.#options.routers.home) return this.close('roomLost');
    for (const peer of [...this.#peers.values()]) if (peer.place === lost) peer.close('roomLost');
  }
}
