import { EventEmitter } from 'node:events';
import { AppError } from '@maydan/common';
import type { MediaKind, MediaSource, PeerInfo, ProducerInfo } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { LayerEncoding, Size } from './layers.ts';

/** Where the media of a producer comes into this node. */
export interface ProducerOrigin {
  /**
   * The mediasoup Producer and the Router it is on: at once for a peer of this node; for one of another node, the end
   * of a pipe from there, which may be made only now.
   */
  open(): Promise<{ readonly producer: types.Producer; readonly router: types.Router }>;
  /** Tells the origin who has paused it. A node passes on what the producer's own node decided. */
  setPaused(paused: boolean): Promise<void>;
  /** Somebody is about to receive it: a pipe that seems unused is needed. */
  touch?(): void;
}

export interface RoomProducerInit {
  readonly id: string;
  /** Whose it is; a peer of this or of another node. */
  readonly owner: PeerInfo;
  readonly kind: MediaKind;
  readonly source: MediaSource;
  /** MIME type, for example `video/H264`. */
  readonly codec: string;
  readonly encodings: readonly LayerEncoding[];
  /** Of sound: its packets say how loud they are (RFC 6464), which mediasoup listens for. */
  readonly tellsLevel: boolean;
  readonly ownerPaused: boolean;
  readonly hostPaused: boolean;
  /** Null: a peer of this node. */
  readonly nodeId: string | null;
  readonly origin: ProducerOrigin;
  /** Where pipes between the room's Routers on this node get their ports. */
  readonly portRange: types.TransportPortRange;
}

interface RoomProducerEvents {
  /** `pausedBy` changed. */
  changed: [];
  /** `size` changed. */
  sized: [];
  /** Once. */
  closed: [];
}

/** Something that is sent in a room, wherever its sender and its receivers are. */
export class RoomProducer extends EventEmitter<RoomProducerEvents> {
  readonly #init: RoomProducerInit;
  /** By id of the Router: there, or on the way there. */
  readonly #onRouters = new Map<string, Promise<types.Producer>>();
  #ownerPaused: boolean;
  #hostPaused: boolean;
  #size: Size | null = null;
  #closed = false;

  constructor(init: RoomProducerInit) {
    super();
    // One listener for each receiver is no leak.
    this.setMaxListeners(0);
    this.#init = init;
    this.#ownerPaused = init.ownerPaused;
    this.#hostPaused = init.hostPaused;
  }

  get id(): string {
    return this.#init.id;
  }

  get peerId(): string {
    return this.#init.owner.peerId;
  }

  get owner(): PeerInfo {
    return this.#init.owner;
  }

  get kind(): MediaKind {
    return this.#init.kind;
  }

  get source(): MediaSource {
    return this.#init.source;
  }

  get codec(): string {
    return this.#init.codec;
  }

  get encodings(): readonly LayerEncoding[] {
    return this.#init.encodings;
  }

  /** Of the highest layer, as its pictures were seen; null before. */
  get size(): Size | null {
    return this.#size;
  }

  get tellsLevel(): boolean {
    return this.#init.tellsLevel;
  }

  /** The node its sender is on; null: this one. */
  get nodeId(): string | null {
    return this.#init.nodeId;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What the host has paused, its owner can't resume. */
  get pausedBy(): 'owner' | 'host' | null {
    if (this.#hostPaused) return 'host';
    return this.#ownerPaused ? 'owner' : null;
  }

  /** Both of the reasons for which it may be paused. */
  get pauses(): { readonly ownerPaused: boolean; readonly hostPaused: boolean } {
    return { ownerPaused: this.#ownerPaused, hostPaused: this.#hostPaused };
  }

  get info(): ProducerInfo {
    const { id, peerId, kind, source, pausedBy, codec } = this;
    return { producerId: id, peerId, kind, source, pausedBy, codec };
  }

  /**
   * The mediasoup Producer on a Router of this node, piped there when it isn't yet. Consumers are made there of its id,
   * which isn't this one's.
   * @throws AppError `not_found` when it was closed, `unavailable` when the pipe can't be made.
   */
  onRouter(router: types.Router): Promise<types.Producer> {
    if (this.#closed) return Promise.reject(new AppError('not_found'));
    this.#init.origin.touch?.();
    const known = this.#onRouters.get(router.id);
    if (known !== undefined) return known;
    const coming = this.#bringTo(router);
    this.#onRouters.set(router.id, coming);
    coming.catch(() => this.#onRouters.delete(router.id));
    return coming;
  }

  /** mediasoup's statistics of what comes into this node, one for each stream. */
  async stats(): Promise<types.ProducerStat[]> {
    const { producer } = await this.#init.origin.open();
    return producer.getStats();
  }

  /** @throws AppError `forbidden` when it is the host who paused it. */
  async pauseByOwner(paused: boolean): Promise<void> {
    if (!paused && this.#hostPaused) throw new AppError('forbidden', 'The host has muted this.');
    if (this.#ownerPaused === paused) return;
    await this.setPaused({ owner: paused, host: this.#hostPaused });
  }

  /** What the host allows again stays paused until its owner resumes it: nobody opens another's microphone. */
  async pauseByHost(paused: boolean): Promise<void> {
    if (this.#hostPaused === paused) return;
    await this.setPaused({ owner: true, host: paused });
  }

  /** Sets both at once; for what another node decided. */
  async setPaused({ owner, host }: { owner: boolean; host: boolean }): Promise<void> {
    if (this.#closed) throw new AppError('not_found');
    const before = this.pausedBy;
    this.#ownerPaused = owner;
    this.#hostPaused = host;
    if (this.pausedBy === before) return;
    this.emit('changed');
    await this.#init.origin.setPaused(this.pausedBy !== null);
  }

  tellSize(size: Size): void {
    if (this.#closed || (size.width === this.#size?.width && size.height === this.#size.height)) return;
    this.#size = size;
    this.emit('sized');
  }

  /** The media is gone; whoever closes it has closed the mediasoup Producer. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onRouters.clear();
    this.emit('closed');
  }

  async #bringTo(router: types.Router): Promise<types.Producer> {
    const { producer, router: home } = await this.#init.origin.open();
    if (home.id === router.id) {
      // A pipe from another node is closed while nobody needs it.
      producer.observer.once('close', () => this.#onRouters.delete(router.id));
      return producer;
    }
    const { portRange } = this.#init;
    const listenInfo = { protocol: 'udp', ip: '127.0.0.1', portRange } as const;
    const { pipeProducer } = await home
      // Two Routers of one Worker can't have Producers of the same id.
      .pipeToRouter({ producerId: producer.id, router, listenInfo, keepId: false, enableSctp: false })
      .catch((cause: unknown) => {
        throw new AppError(this.#closed ? 'not_found' : 'unavailable', undefined, undefined, { cause });
      });
    if (pipeProducer === undefined) throw new AppError('unavailable');
    pipeProducer.observer.once('close', () => this.#onRouters.delete(router.id));
    return pipeProducer;
  }
}
