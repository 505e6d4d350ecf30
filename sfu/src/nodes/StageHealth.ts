import type { Logger } from '@maydan/common';
import { onStageRoles } from '@maydan/contracts';
import type { StagePeerHealth } from '@maydan/contracts';
import type { Room } from '../rooms/Room.ts';
import type { RoomProducer } from '../rooms/RoomProducer.ts';
import type { Rooms } from '../rooms/Rooms.ts';
import { countsOf, producerHealth } from './producerHealth.ts';
import type { PacketCounts } from './producerHealth.ts';
import type { FactSink } from './StageFacts.ts';

export interface StageHealthOptions {
  readonly rooms: Rooms;
  readonly facts: FactSink;
  readonly nodeId: string;
  readonly logger: Logger;
  readonly intervalMs?: number;
}

/** Tells the api every few seconds how well what is sent on stage arrives at this node. */
export class StageHealth {
  readonly #options: StageHealthOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #counts = new WeakMap<RoomProducer, PacketCounts>();
  #isBusy = false;

  constructor(options: StageHealthOptions) {
    this.#options = options;
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
      const isOurs = producer.nodeId === null && onStageRoles.includes(producer.owner.role);
      const health = isOurs ? await this.#healthOf(producer) : null;
      if (health !== null) peers.push(health);
    }
    const { sessionId } = room;
    const at = new Date().toISOString();
    if (peers.length > 0) facts.append({ type: 'stage.health', sessionId, at, nodeId, peers });
  }

  /** Null when the producer has been closed meanwhile. mediasoup doesn't look into pictures: their size isn't known. */
  async #healthOf(producer: RoomProducer): Promise<StagePeerHealth | null> {
    const { peerId, kind, source } = producer;
    try {
      const streams = await producer.stats();
      const health = producerHealth(kind, streams, this.#counts.get(producer));
      this.#counts.set(producer, countsOf(streams));
      const unknown = { frameRate: null, width: null, height: null };
      return { peerId, userId: producer.owner.userId, source, ...health, ...unknown };
    } catch (error) {
      if (!producer.closed) this.#options.logger.warn({ err: error, peerId }, 'no statistics of a producer');
      return null;
    }
  }
}
