import type { Logger } from '@maydan/common';
import { onStageRoles } from '@maydan/contracts';
import type { StagePeerHealth } from '@maydan/contracts';
import type { types } from 'mediasoup';
import { PictureProbe, unknownFigures } from '../picture/PictureProbe.ts';
import { fullSize } from '../rooms/layers.ts';
import type { Room } from '../rooms/Room.ts';
import { isService } from '../rooms/rights.ts';
import type { RoomProducer } from '../rooms/RoomProducer.ts';
import type { Rooms } from '../rooms/Rooms.ts';
import { countsOf, framesOf, producerHealth } from './producerHealth.ts';
import type { PacketCounts } from './producerHealth.ts';
import type { FactSink } from './StageFacts.ts';

export interface StageHealthOptions {
  readonly rooms: Rooms;
  readonly facts: FactSink;
  readonly nodeId: string;
  /** Of the transports over which pictures are looked at. */
  readonly portRange: types.TransportPortRange;
  readonly logger: Logger;
  readonly intervalMs?: number;
}

/** Tells the api every few seconds how well what is sent on stage arrives at this node. */
export class StageHealth {
  readonly #options: StageHealthOptions;
  readonly #timer: NodeJS.Timeout;
  /** Of the last two reports, the newest first. */
  readonly #counts = new WeakMap<RoomProducer, readonly PacketCounts[]>();
  readonly #probes = new WeakMap<RoomProducer, PictureProbe>();
  #isBusy = false;

  constructor(options: StageHealthOptions) {
    this.#options = options;
    options.rooms.on('opened', (room) =>
      room.on('producerAdded', (producer) => void this.#look(room, producer)),
    );
    this.#timer = setInterval(() => void this.#tellAll(), options.intervalMs ?? 3_000);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #tellAll(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (const room of this.#options.rooms.all) await this.#tell(room);
    this.#isBusy = false;
  }

  async #tell(room: Room): Promise<void> {
    const { facts, nodeId } = this.#options;
    const peers: StagePeerHealth[] = [];
    for (const producer of room.producers) {
      const health = isOurs(producer) ? await this.#healthOf(producer) : null;
      if (health !== null) peers.push(health);
    }
    const { sessionId } = room;
    const at = new Date().toISOString();
    if (peers.length > 0) facts.append({ type: 'stage.health', sessionId, at, nodeId, peers });
  }

  /** Watches the pictures of a person's producer until it is closed. Never rejects. */
  async #look(room: Room, producer: RoomProducer): Promise<void> {
    // The worker that brings an RTMP publisher in sees its pictures, and tells of them as the stream's health.
    if (producer.kind !== 'video' || !isOurs(producer) || isService(producer.owner.role)) return;
    try {
      const { router } = room;
      const { portRange, rooms } = this.#options;
      const shown = await producer.onRouter(router);
      const probe = await PictureProbe.create({ router, producer: shown, portRange, thread: rooms.probes });
      if (producer.closed) return probe.close();
      this.#probes.set(producer, probe);
      producer.once('closed', () => probe.close());
    } catch (error) {
      if (!producer.closed && !room.closed)
        this.#options.logger.warn({ err: error, peerId: producer.peerId }, 'pictures are not watched');
    }
  }

  /** Null when the producer has been closed meanwhile. */
  async #healthOf(producer: RoomProducer): Promise<StagePeerHealth | null> {
    const { peerId, kind, source } = producer;
    try {
      const streams = await producer.stats();
      const [last, older = last] = this.#counts.get(producer) ?? [];
      const health = producerHealth(kind, streams, last);
      const counts = countsOf(streams);
      this.#counts.set(producer, last === undefined ? [counts] : [counts, last]);
      const probe = this.#probes.get(producer);
      const pictures = (await probe?.read()) ?? unknownFigures;
      const seen = probe?.steadySize ?? null;
      if (seen !== null) producer.tellSize(fullSize(seen, seen.layer, producer.encodings));
      const frames = framesOf(pictures.frames, older, counts);
      return { peerId, userId: producer.owner.userId, source, ...health, ...pictures, frames };
    } catch (error) {
      if (!producer.closed) this.#options.logger.warn({ err: error, peerId }, 'no statistics of a producer');
      return null;
    }
  }
}

/** What people and encoders send to this node. */
function isOurs({ nodeId, owner }: RoomProducer): boolean {
  return nodeId === null && onStageRoles.includes(owner.role);
}
