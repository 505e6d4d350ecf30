import type { Logger } from '@maydan/common';
import type { types } from 'mediasoup';
import { FastStart, type Arrival } from './FastStart.ts';

/** What a producer of a room has to offer for a fast start. */
export interface Startable {
  readonly kind: types.MediaKind;
  /** MIME type. */
  readonly codec: string;
  readonly owner: { readonly role: string };
  /** The node its sender is on; null: this one. */
  readonly nodeId: string | null;
  readonly closed: boolean;
  onRouter(router: types.Router): Promise<types.Producer>;
  once(event: 'closed', listener: () => void): unknown;
}

interface Entry {
  readonly router: types.Router;
  /** Null: nobody needs it at present. */
  started: Promise<FastStart | null> | null;
}

/** Without viewers a picture of another node is not brought here for its group alone. */
const remoteLingerMs = 10_000;

/** The fast starts of a room: one for each picture that comes from RTMP, whose key frames can't be asked for. */
export class FastStarts {
  readonly #logger: Logger;
  readonly #entries = new Map<Startable, Entry>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Cohorts at present. */
  async cohorts(): Promise<number> {
    const all = await Promise.all([...this.#entries.values()].map(async ({ started }) => started));
    return all.reduce((sum, fastStart) => sum + (fastStart?.cohorts ?? 0), 0);
  }

  /**
   * Begins to keep what a producer sends, when that is of use; what another node sends only while somebody receives it here.
   * `router`: where it is, or where it is brought to.
   */
  watch(shown: Startable, router: types.Router): void {
    if (!needsFastStart(shown) || this.#entries.has(shown)) return;
    const entry: Entry = { router, started: null };
    this.#entries.set(shown, entry);
    shown.once('closed', () => this.#entries.delete(shown));
    if (shown.nodeId === null) void this.#start(shown, entry);
  }

  /** Resolves when nothing of what the producer sends from now on is missed. Never rejects. */
  async ready(shown: Startable): Promise<void> {
    await this.#entries.get(shown)?.started;
  }

  /** Makes a consumer by `consume`, which is given the id of the producer to take. What it throws passes through. */
  async consume(
    shown: Startable,
    arrival: Arrival,
    consume: (producerId: string) => Promise<types.Consumer>,
  ): Promise<types.Consumer> {
    const entry = this.#entries.get(shown);
    const fastStart = entry === undefined ? null : await (entry.started ?? this.#start(shown, entry));
    return fastStart?.consume(arrival, consume) ?? consume(arrival.producer.id);
  }

  #start(shown: Startable, entry: Entry): Promise<FastStart | null> {
    entry.started = this.#create(shown, entry);
    return entry.started;
  }

  async #create(shown: Startable, entry: Entry): Promise<FastStart | null> {
    const { router } = entry;
    try {
      const producer = await shown.onRouter(router);
      return await FastStart.create({
        ...{ router, producer, logger: this.#logger },
        ...(shown.nodeId === null ? {} : { lingerMs: remoteLingerMs }),
        onClosed: () => (entry.started = null),
      });
    } catch (error) {
      entry.started = null;
      if (!shown.closed) this.#logger.warn({ err: error }, 'viewers wait for key frames');
      return null;
    }
  }
}

function needsFastStart({ kind, codec, owner }: Startable): boolean {
  return kind === 'video' && owner.role === 'ingress' && codec.toLowerCase() === 'video/h264';
}
