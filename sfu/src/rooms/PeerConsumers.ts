import { EventEmitter } from 'node:events';
import { AppError } from '@maydan/common';
import type { StageRole } from '@maydan/contracts';
import type { types } from 'mediasoup';
import type { FastStarts } from '../faststart/FastStarts.ts';
import { layerSizes, priorityFor, spatialLayerFor } from './layers.ts';
import type { Size } from './layers.ts';
import type { PeerTransports } from './PeerTransports.ts';
import { asRefusal, found } from './refusal.ts';
import { checkReceiving, limits } from './rights.ts';
import type { RoomProducer } from './RoomProducer.ts';

export interface PeerConsumersOptions {
  readonly peerId: string;
  readonly role: StageRole;
  readonly router: types.Router;
  readonly transports: PeerTransports;
  readonly room: ReceivingRoom;
}

/** What a peer that receives needs of its room. */
export interface ReceivingRoom {
  readonly fastStarts: FastStarts;
  producer(id: string): RoomProducer | undefined;
  keyFrameAsked(): void;
}

interface PeerConsumersEvents {
  /** Its producer is gone. */
  producerGone: [consumerId: string];
  layers: [consumerId: string, layers: types.ConsumerLayers | undefined];
  /** How well packets travel may have changed. */
  score: [];
}

interface Received {
  readonly consumer: types.Consumer;
  readonly producer: RoomProducer;
  /** How large it is shown; null as long as nobody said so. */
  shown: Size | null;
}

/** What a peer receives. */
export class PeerConsumers extends EventEmitter<PeerConsumersEvents> {
  readonly #options: PeerConsumersOptions;
  readonly #received = new Map<string, Received>();
  /** On their way, which count for the limit. */
  #coming = 0;

  constructor(options: PeerConsumersOptions) {
    super();
    this.#options = options;
  }

  get all(): types.Consumer[] {
    return [...this.#received.values()].map(({ consumer }) => consumer);
  }

  /**
   * Receives something, paused at first. @throws AppError `forbidden`, `not_found` (transport or producer), `conflict`
   * for its own or too many, `unsupported_media_type` when it can't decode it.
   */
  async create(
    transportId: string,
    { producerId, rtpCapabilities }: { producerId: string; rtpCapabilities: types.RtpCapabilities },
  ): Promise<types.Consumer> {
    const { peerId, role, transports, room } = this.#options;
    checkReceiving(role);
    const transport = transports.get(transportId, 'receive');
    const producer = found(room.producer(producerId));
    if (producer.peerId === peerId) throw new AppError('conflict', 'This is what the peer itself sends.');
    if (this.#received.size + this.#coming >= limits.consumers) throw new AppError('conflict');
    this.#coming++;
    try {
      const consumer = await this.#consume(producer, transport, rtpCapabilities);
      if (consumer.closed) throw new AppError('not_found');
      this.#add({ consumer, producer, shown: null });
      return consumer;
    } finally {
      this.#coming--;
    }
  }

  /** A key frame is asked for. @throws AppError `not_found`. */
  async resume(consumerId: string): Promise<void> {
    const consumer = this.#get(consumerId);
    await asRefusal(consumer.resume());
    if (consumer.kind === 'video') this.#options.room.keyFrameAsked();
  }

  /** @throws AppError `not_found`. */
  pause(consumerId: string): Promise<void> {
    return asRefusal(this.#get(consumerId).pause());
  }

  /** @throws AppError `not_found`. */
  close(consumerId: string): void {
    this.#get(consumerId).close();
  }

  /**
   * At most one a second reaches the sender, however many ask; none from who began in the middle of a group of an RTMP
   * source, which can't be asked. @throws AppError `not_found`.
   */
  async requestKeyFrame(consumerId: string): Promise<void> {
    const consumer = this.#get(consumerId);
    if (consumer.kind !== 'video') return;
    this.#options.room.keyFrameAsked();
    await asRefusal(consumer.requestKeyFrame());
  }

  /** How large the picture is shown, in device pixels: no larger layer is sent than that needs. */
  async setSize(consumerId: string, shown: Size): Promise<void> {
    const received = found(this.#received.get(consumerId));
    const { consumer } = received;
    if (consumer.kind !== 'video') return;
    received.shown = shown;
    await asRefusal(consumer.setPriority(priorityFor(shown)));
    await asRefusal(this.#chooseLayer(received));
  }

  async #chooseLayer({ consumer, producer, shown }: Received): Promise<void> {
    if (shown === null || (consumer.type !== 'simulcast' && consumer.type !== 'svc')) return;
    const { source, encodings, size } = producer;
    const spatialLayer = spatialLayerFor(shown, layerSizes(source, encodings, size));
    if (spatialLayer !== consumer.preferredLayers?.spatialLayer)
      await consumer.setPreferredLayers({ spatialLayer });
  }

  #get(consumerId: string): types.Consumer {
    return found(this.#received.get(consumerId)).consumer;
  }

  async #consume(
    producer: RoomProducer,
    transport: types.WebRtcTransport | types.PlainTransport,
    rtpCapabilities: types.RtpCapabilities,
  ): Promise<types.Consumer> {
    const { router, room } = this.#options;
    const there = await producer.onRouter(router);
    if (!this.#canConsume(there.id, rtpCapabilities)) throw new AppError('unsupported_media_type');
    return room.fastStarts.consume(producer, { router, producer: there, transport }, (producerId) =>
      asRefusal(transport.consume({ producerId, rtpCapabilities, paused: true })),
    );
  }

  #add(received: Received): void {
    const { consumer, producer } = received;
    this.#received.set(consumer.id, received);
    // A consumer that is closed meanwhile needs none.
    const sized = (): void => void this.#chooseLayer(received).catch(() => undefined);
    producer.on('sized', sized);
    consumer.observer.once('close', () => {
      this.#received.delete(consumer.id);
      producer.off('sized', sized);
    });
    consumer.on('producerclose', () => this.emit('producerGone', consumer.id));
    consumer.on('layerschange', (layers) => this.emit('layers', consumer.id, layers));
    consumer.on('score', () => this.emit('score'));
  }

  /** mediasoup throws for capabilities that make no sense. */
  #canConsume(producerId: string, rtpCapabilities: types.RtpCapabilities): boolean {
    try {
      return this.#options.router.canConsume({ producerId, rtpCapabilities });
    } catch (cause) {
      throw new AppError('bad_request', undefined, undefined, { cause });
    }
  }
}
