import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@maydan/common';
import * as mediasoup from 'mediasoup';
import type { types } from 'mediasoup';

export interface WorkerPoolOptions {
  /** How many Workers to hold. */
  size: number;
  settings: types.WorkerSettings;
  logger: Logger;
}

const firstDelayMs = 100;
const maxDelayMs = 10_000;

/**
 * Holds a fixed number of mediasoup Workers. One that dies is replaced; what ran in it is gone, and its owners learn
 * that from mediasoup's own events.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Set<types.Worker>();
  readonly #closing = new AbortController();
  #deaths = 0;
  /** Failed or ended replacements in a row, for the back-off. */
  #misfortunes = 0;

  /** @throws Error when a Worker cannot be started. */
  static async create(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      for (let index = 0; index < options.size; index++) await pool.#add();
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
  get workers(): readonly types.Worker[] {
    return [...this.#workers];
  }

  get size(): number {
    return this.#options.size;
  }

  /** Workers that died since the start. */
  get deaths(): number {
    return this.#deaths;
  }

  /** @throws Error unless every Worker is alive and answers. */
  async check(): Promise<void> {
    const missing = this.size - this.#workers.size;
    if (missing > 0) throw new Error(`${missing} of ${this.size} Workers are being restarted`);
    await Promise.all(this.workers.map((worker) => worker.getResourceUsage()));
  }

  close(): void {
    this.#closing.abort();
    for (const worker of this.#workers) worker.close();
    this.#workers.clear();
  }

  async #add(): Promise<void> {
    const worker = await mediasoup.createWorker(this.#options.settings);
    if (this.#closing.signal.aborted) {
      worker.close();
      return;
    }
    this.#workers.add(worker);
    this.#options.logger.info({ workerPid: worker.pid }, 'worker started');
    worker.once('died', (error) => {
      this.#workers.delete(worker);
      this.#deaths++;
      this.#options.logger.error({ workerPid: worker.pid, err: error }, 'worker died');
      void this.#replace();
    });
  }

  async #replace(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const delayMs = Math.min(firstDelayMs * 2 ** this.#misfortunes++, maxDelayMs);
      await delay(delayMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#add();
        this.#misfortunes = 0;
        return;
      } catch (error) {
        this.#options.logger.error({ err: error }, 'worker could not be started');
      }
    }
  }
}
