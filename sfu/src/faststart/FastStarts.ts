import type { Logger } from '@maydan/common';
import type { types } from 'mediasoup';
import { FastStart, type Arrival } from './FastStart.ts';

/** What a producer of a room has to offer for a fast start. */
export interface Startable {
  readonly kind: types.MediaKind;
  /** MIME type. */
  readonly codec: string;
  readonly owner: { readonly role: string };
  readonly closed: boolean;
  onRouter(router: types.Router): Promise<types.Producer>;
  once(event: 'closed', listener: () => void): unknown;
}

/** The fast starts of a room: one for each picture that comes from RTMP, whose key frames can't be asked for. */
export class FastStarts {
  readonly #logger: Logger;
  readonly #byProducer = new Map<Startable, Promise<FastStart | null>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Cohorts at present. */
  async cohorts(): Promise<number> {
    const all = await Promise.all(this.#byProducer.values());
    return all.reduce((sum, fastStart) => sum + (fastStart?.cohorts ?? 0), 0);
  }

  /** Begins to keep what a producer sends, when that is of use. `router`: where it is, or where it is taken to. */
  watch(shown: Startable, router: types.Router): void {
    if (!needsFastStart(shown) || this.#byProducer.has(shown)) return;
    this.#byProducer.set(shown, this.#begin(shown, router));
    shown.once('closed', () => this.#byProducer.delete(shown));
  }

  /** Makes a consumer by `consume`, which is given the id of the producer to take. What it throws passes through. */
  async consume(
    shown: Startable,
    arrival: Arrival,
    consume: (producerId: string) => Promise<types.Consumer>,
  ): Promise<types.Consumer> {
    const fastStart = await this.#byProducer.get(shown);
    return fastStart?.consume(arrival, consume) ?? consume(arrival.producer.id);
  }

  async #begin(shown: Startable, router: types.Router): Promise<FastStart | null> {
    try {
      const producer = await shown.onRouter(router);
      return await FastStart.create({ router, producer, logger: this.#logger });
    } catch (error) {
      if (!shown.closed) this.#logger.warn({ err: error }, 'viewers wait for key frames');
      return null;
    }
  }
}

function needsFastStart({ kind, codec, owner }: Startable): boolean {
  return kind === 'video' && owner.role === 'ingress' && codec.toLowerCase() === 'video/h264';
}
