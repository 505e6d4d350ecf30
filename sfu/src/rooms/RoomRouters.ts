import { EventEmitter } from 'node:events';
import { AppError } from '@maydan/common';
import type { types } from 'mediasoup';
import type { PooledWorker } from '../workers/PooledWorker.ts';
import type { WorkerPool } from '../workers/WorkerPool.ts';
import { mediaCodecs } from './mediaCodecs.ts';

/** A Router of a room on one Worker, and how many of its viewers are there. */
export interface RoomRouter {
  readonly router: types.Router;
  readonly worker: PooledWorker;
  /** Key of its `PayloadNumbering`. */
  readonly numbering: string;
  viewers: number;
}

/** The room's codecs with payload types of somebody's own, for players who can't be told ours (WHEP). */
export interface PayloadNumbering {
  /** The same for the same payload types. */
  readonly key: string;
  readonly mediaCodecs: types.RouterRtpCodecCapability[];
  /** Who asks for it, as one is counted. */
  readonly asker: string;
}

/** As mediasoup numbers them. */
const ownNumbering: PayloadNumbering = { key: '', mediaCodecs, asker: '' };
/** Kinds of players that number their payload types differently; beyond that somebody is making them up. */
const maxNumberings = 16;
/** Of those, that one asker may bring about. */
const maxNumberingsOfOne = 4;

interface Numbered {
  /** Who asked for this numbering first. */
  readonly asker: string;
  readonly coming: Promise<RoomRouter>;
}

interface RoomRoutersEvents {
  /** A Worker died and took this Router along. */
  lost: [router: RoomRouter];
}

/**
 * The Routers of a room: the first is home of those on stage; viewers go there too until its Worker has enough to do,
 * and then to further Workers.
 */
export class RoomRouters extends EventEmitter<RoomRoutersEvents> {
  readonly home: RoomRouter;
  readonly #pool: WorkerPool;
  readonly #consumersPerWorker: number;
  /** By Worker and numbering, in the order they were made. */
  readonly #routers = new Map<PooledWorker, Map<string, Numbered>>();
  #closed = false;

  /** @throws AppError `unavailable` while there is no Worker. */
  static async create(pool: WorkerPool, consumersPerWorker: number): Promise<RoomRouters> {
    const worker = await pool.acquire();
    return new RoomRouters(pool, consumersPerWorker, await createRouter(worker, ownNumbering));
  }

  private constructor(pool: WorkerPool, consumersPerWorker: number, home: RoomRouter) {
    super();
    this.#pool = pool;
    this.#consumersPerWorker = consumersPerWorker;
    this.home = home;
    this.#routers.set(
      home.worker,
      new Map([[ownNumbering.key, { asker: '', coming: Promise.resolve(home) }]]),
    );
    this.#watch(home);
  }

  /** How many Workers the room is on. */
  get size(): number {
    return this.#routers.size;
  }

  /**
   * The Router for a viewer who is about to receive `expectedConsumers`. A room spreads to another Worker when those
   * it is on have their share. @throws AppError `overloaded` when every Worker has twice that, or when there are more
   * numberings than kinds of players, `rate_limited` when this asker has brought about too many of them.
   */
  async forViewer(expectedConsumers: number, numbering = ownNumbering): Promise<RoomRouter> {
    for (const [worker, routers] of this.#routers) {
      const there = await Promise.all([...routers.values()].map(({ coming }) => coming));
      // Who has just come has no consumers yet, but will have.
      const viewers = there.reduce((sum, router) => sum + router.viewers, 0);
      const load = Math.max(worker.counts.consumers, viewers * expectedConsumers);
      if (load < this.#consumersPerWorker && this.#routers.has(worker)) return this.#on(worker, numbering);
    }
    const worker = this.#pool.leastLoaded();
    if (worker === undefined) throw new AppError('unavailable');
    if (worker.counts.consumers >= 2 * this.#consumersPerWorker) throw new AppError('overloaded');
    return this.#on(worker, numbering);
  }

  /** One viewer less; a Router that nobody needs any more is closed, but for the home. */
  release(left: RoomRouter): void {
    left.viewers--;
    if (left.viewers > 0 || left === this.home || this.#closed) return;
    this.#forget(left.worker, left.numbering);
    left.router.close();
  }

  close(): void {
    this.#closed = true;
    for (const { coming } of [...this.#routers.values()].flatMap((routers) => [...routers.values()])) {
      void coming.then(
        ({ router }) => router.close(),
        () => {},
      );
    }
    this.#routers.clear();
  }

  async #on(worker: PooledWorker, numbering: PayloadNumbering): Promise<RoomRouter> {
    const routers = this.#routers.get(worker) ?? new Map<string, Numbered>();
    const known = routers.get(numbering.key);
    if (known !== undefined) return known.coming;
    if (routers.size > maxNumberings) throw new AppError('overloaded');
    const { key, asker } = numbering;
    const ofOne = [...routers.values()].filter((known) => known.asker === asker).length;
    if (key !== ownNumbering.key && ofOne >= maxNumberingsOfOne) throw new AppError('rate_limited');
    const coming = createRouter(worker, numbering);
    this.#routers.set(worker, routers.set(key, { asker, coming }));
    try {
      const created = await coming;
      if (this.#closed) created.router.close();
      else this.#watch(created);
      return created;
    } catch (error) {
      this.#forget(worker, numbering.key);
      throw error;
    }
  }

  #watch(watched: RoomRouter): void {
    watched.router.once('workerclose', () => {
      this.#forget(watched.worker, watched.numbering);
      this.emit('lost', watched);
    });
  }

  #forget(worker: PooledWorker, numbering: string): void {
    const routers = this.#routers.get(worker);
    routers?.delete(numbering);
    if (routers?.size === 0) this.#routers.delete(worker);
  }
}

async function createRouter(worker: PooledWorker, numbering: PayloadNumbering): Promise<RoomRouter> {
  try {
    const router = await worker.worker.createRouter({ mediaCodecs: numbering.mediaCodecs });
    return { router, worker, numbering: numbering.key, viewers: 0 };
  } catch (cause) {
    throw new AppError('unavailable', undefined, undefined, { cause });
  }
}
