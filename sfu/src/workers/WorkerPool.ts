import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@maydan/common';
import type { Logger } from '@maydan/common';
import type { types } from 'mediasoup';
import { PooledWorker } from './PooledWorker.ts';
import type { RtcListening } from './PooledWorker.ts';

export interface WorkerPoolOptions {
  /** How many Workers to hold. */
  readonly size: number;
  readonly settings: types.WorkerSettings;
  readonly listening: RtcListening;
  readonly logger: Logger;
}

const firstDelayMs = 100;
const maxDelayMs = 10_000;
/** How long somebody waits for a Worker while all are being restarted. */
const acquireTimeoutMs = 5_000;

/**
 * Holds a fixed number of mediasoup Workers. One that dies is replaced at its port; what ran in it is gone, and its
 * owners learn that from mediasoup's own events.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Set<PooledWorker>();
  readonly #closing = new AbortController();
  readonly #events = new EventEmitter<{ added: [] }>();
  #deaths = 0;
  /** Failed or ended replacements in a row, for the back-off. */
  #misfortunes = 0;

  /** @throws Error when a Worker cannot be started. */
  static async create(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      for (let index = 0; index < options.size; index++) await pool.#add(index);
      return pool;
    } catch (error) {
      pool.close();
      throw error;
    }
  }

  private constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** The Workers that are alive. */
  get workers(): readonly PooledWorker[] {
    return [...this.#workers];
  }

  get size(): number {
    return this.#options.size;
  }

  /** Workers that died since the start. */
  get deaths(): number {
    return this.#deaths;
  }

  /**
   * The Worker with the least to do, without those of `except`; undefined when there is no other.
   * What is sent costs most, so consumers are compared first.
   */
  leastLoaded(except: ReadonlySet<PooledWorker> = new Set()): PooledWorker | undefined {
    const loadOf = ({ counts }: PooledWorker): number => counts.consumers + counts.producers;
    return this.workers
      .filter((worker) => !except.has(worker))
      .sort((a, b) => loadOf(a) - loadOf(b) || a.counts.routers - b.counts.routers || a.index - b.index)[0];
  }

  /** The least loaded Worker, once there is one. @throws AppError `unavailable` when none comes up in time. */
  async acquire(): Promise<PooledWorker> {
    const timeout = AbortSignal.timeout(acquireTimeoutMs);
    for (;;) {
      const worker = this.leastLoaded();
      if (worker !== undefined) return worker;
      if (timeout.aborted || this.#closing.signal.aborted) throw new AppError('unavailable');
      await this.#nextAdded(timeout);
    }
  }

  /** @throws Error unless every Worker is alive and answers. */
  async check(): Promise<void> {
    const missing = this.size - this.#workers.size;
    if (missing > 0) throw new Error(`${missing} of ${this.size} Workers are being restarted`);
    await Promise.all(this.workers.map(({ worker }) => worker.getResourceUsage()));
  }

  close(): void {
    this.#closing.abort();
    for (const worker of this.#workers) worker.close();
    this.#workers.clear();
  }

  #nextAdded(timeout: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#events.off('added', done);
        timeout.removeEventListener('abort', done);
        this.#closing.signal.removeEventListener('abort', done);
        resolve();
      };
      this.#events.on('added', done);
      timeout.addEventListener('abort', done);
      this.#closing.signal.addEventListener('abort', done);
    });
  }

  async #add(index: number): Promise<void> {
    const { settings, listening, logger } = this.#options;
    const pooled = await PooledWorker.create(index, settings, listening);
    if (this.#closing.signal.aborted) {
      pooled.close();
      return;
    }
    this.#workers.add(pooled);
    logger.info({ workerPid: pooled.pid, index }, 'worker started');
    pooled.worker.once('died', (error) => {
      this.#workers.delete(pooled);
      this.#deaths++;
      logger.error({ workerPid: pooled.pid, index, err: error }, 'worker died');
      void this.#replace(index);
    });
    this.#events.emit('added');
  }

  async #replace(index: number): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const delayMs = Math.min(firstDelayMs * 2 ** this.#misfortunes++, maxDelayMs);
      await delay(delayMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#add(index);
        this.#misfortunes = 0;
        return;
      } catch (error) {
        this.#options.logger.error({ err: error }, 'worker could not be started');
      }
    }
  }
}
