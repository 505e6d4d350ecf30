import type { Logger } from '@maydan/common';
import type { types } from 'mediasoup';
import { clockRateHz } from './compress.ts';
import { Cohort } from './Cohort.ts';
import { GroupCache, type GroupLimits } from './GroupCache.ts';
import { readRtp } from './rtpPacket.ts';
import { later, readSenderReport, type ClockPoint } from './StreamClock.ts';

export interface FastStartOptions {
  /** Where the group is taken from. */
  readonly router: types.Router;
  /** A video producer whose key frames can't be asked for; one stream of H.264. */
  readonly producer: types.Producer;
  readonly logger: Logger;
  readonly limits?: GroupLimits;
  readonly maxCohorts?: number;
  /** How long after its last viewer it ends; by default only with the producer. */
  readonly lingerMs?: number;
  readonly onClosed?: () => void;
}

const defaultLimits: GroupLimits = { maxBytes: 6_000_000, maxMs: 12_000 };
const defaultMaxCohorts = 16;
/** From half of the cohorts on viewers are gathered, and short groups are waited for. */
const gatherMs = { first: 0, later: 500 };
const shortGroupMs = 2_200;

/** Who is about to receive the stream, and from where. */
export interface Arrival {
  /** The Router of the viewer, and the producer as it is there: itself, or the end of a pipe. */
  readonly router: types.Router;
  readonly producer: types.Producer;
  readonly transport: types.WebRtcTransport | types.PlainTransport;
}

/**
 * Lets viewers begin in the middle of a group of pictures: keeps the running group of one producer, and gives those who
 * join a cohort's producer in its place, on whichever Router they are. Ends with the producer.
 */
export class FastStart {
  readonly #options: FastStartOptions;
  readonly #cache: GroupCache;
  readonly #maxCohorts: number;
  readonly #cohorts = new Set<Cohort>();
  #transport: types.DirectTransport | null = null;
  /** By id of their Router. */
  readonly #coming = new Map<string, Promise<Cohort | null>>();
  #clock: { point: ClockPoint; atMs: number } | null = null;
  #viewers = 0;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  /** Begins to keep what the producer sends. @throws when the producer or the Router is gone. */
  static async create(options: FastStartOptions): Promise<FastStart> {
    const fastStart = new FastStart(options);
    await fastStart.#listen();
    return fastStart;
  }

  private constructor(options: FastStartOptions) {
    this.#options = options;
    this.#cache = new GroupCache(options.limits ?? defaultLimits);
    this.#maxCohorts = options.maxCohorts ?? defaultMaxCohorts;
    options.producer.observer.once('close', () => this.close());
  }

  get cohorts(): number {
    return this.#cohorts.size;
  }

  /**
   * Makes a consumer by `consume`, which is given the id of the producer to take: a cohort's, or the original when there is
   * nothing to begin with or there are cohorts enough. What `consume` throws passes through.
   */
  async consume(
    arrival: Arrival,
    consume: (producerId: string) => Promise<types.Consumer>,
  ): Promise<types.Consumer> {
    this.#arrived();
    try {
      const consumer = await this.#consume(arrival, consume);
      if (consumer.closed) this.#left();
      else consumer.observer.once('close', () => this.#left());
      return consumer;
    } catch (error) {
      this.#left();
      throw error;
    }
  }

  /** Also closes the consumers of its cohorts. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#idle);
    for (const cohort of [...this.#cohorts]) cohort.close();
    this.#transport?.close();
    this.#options.onClosed?.();
  }

  async #consume(
    arrival: Arrival,
    consume: (producerId: string) => Promise<types.Consumer>,
  ): Promise<types.Consumer> {
    const cohort = await this.#expectant(arrival);
    if (cohort === null) return consume(arrival.producer.id);
    try {
      const consumer = await consume(cohort.producer.id);
      if (consumer.closed) cohort.absent();
      else cohort.join(consumer, arrival.transport);
      return consumer;
    } catch (error) {
      cohort.absent();
      throw error;
    }
  }

  #arrived(): void {
    this.#viewers += 1;
    clearTimeout(this.#idle);
  }

  #left(): void {
    this.#viewers -= 1;
    const { lingerMs } = this.#options;
    if (lingerMs === undefined || this.#viewers > 0 || this.#closed) return;
    this.#idle = setTimeout(() => this.close(), lingerMs);
  }

  async #listen(): Promise<void> {
    const { router, producer } = this.#options;
    const transport = await router.createDirectTransport();
    this.#transport = transport;
    if (this.#closed) return transport.close();
    transport.on('rtcp', (packet: Buffer) => this.#takeReport(packet));
    const { id: producerId } = producer;
    const consumer = await transport.consume({ producerId, rtpCapabilities: router.rtpCapabilities });
    consumer.on('rtp', (packet: Buffer) => this.#take(packet));
  }

  #take(bytes: Buffer): void {
    const packet = readRtp(bytes);
    if (packet === null) return;
    this.#cache.add(packet, performance.now());
    for (const cohort of this.#cohorts) cohort.follow(packet);
  }

  #takeReport(packet: Buffer): void {
    const point = readSenderReport(packet);
    if (point === null) return;
    this.#clock = { point, atMs: performance.now() };
    for (const cohort of this.#cohorts) cohort.report();
  }

  /** A cohort on the viewer's Router that waits for one more; null when the viewer has to take the original. */
  async #expectant(arrival: Arrival): Promise<Cohort | null> {
    const { id } = arrival.router;
    let cohort = [...this.#cohorts].find(({ routerId, isOpen }) => routerId === id && isOpen) ?? null;
    if (cohort === null && this.#shouldBegin()) {
      const coming = this.#coming.get(id) ?? this.#createCohort(arrival);
      this.#coming.set(id, coming);
      cohort = await coming.finally(() => this.#coming.delete(id));
    }
    if (cohort?.isOpen !== true) return null;
    cohort.expect();
    return cohort;
  }

  #shouldBegin(): boolean {
    if (this.#closed || !this.#cache.hasGroup) return false;
    if (this.#cohorts.size < this.#maxCohorts / 2) return true;
    const intervalMs = this.#cache.keyFrameIntervalMs;
    const isShort = intervalMs !== null && intervalMs <= shortGroupMs;
    return !isShort && this.#cohorts.size < this.#maxCohorts;
  }

  async #createCohort({ router, producer }: Arrival): Promise<Cohort | null> {
    const { logger } = this.#options;
    try {
      const cohort: Cohort = await Cohort.create({
        router,
        producer,
        source: { group: () => this.#cache.packets, clock: () => this.#clockNow() },
        gatherMs: this.#cohorts.size < this.#maxCohorts / 2 ? gatherMs.first : gatherMs.later,
        onClosed: () => this.#cohorts.delete(cohort),
      });
      if (this.#closed) cohort.close();
      else this.#cohorts.add(cohort);
      return cohort;
    } catch (error) {
      logger.warn({ err: error }, 'a viewer has to wait for the next key frame');
      return null;
    }
  }

  #clockNow(): ClockPoint | null {
    if (this.#clock === null) return null;
    return later(this.#clock.point, performance.now() - this.#clock.atMs, clockRateHz);
  }
}
