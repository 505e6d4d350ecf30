import type { Logger } from '@maydan/common';
import type { Sweep } from './Sweep.ts';

const defaultPeriodMs = 2_000;
const hourMs = 3_600_000;

/** Runs the sweep at once and then periodically, one round at a time. */
export class SweepTimer {
  readonly #sweep: Sweep;
  readonly #hourly: () => Promise<unknown>;
  readonly #logger: Logger;
  readonly #periodMs: number;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #closed = false;
  #hourlyAt = 0;

  constructor(options: { sweep: Sweep; hourly: () => Promise<unknown>; logger: Logger; periodMs?: number }) {
    this.#sweep = options.sweep;
    this.#hourly = options.hourly;
    this.#logger = options.logger;
    this.#periodMs = options.periodMs ?? defaultPeriodMs;
  }

  start(): void {
    this.#round ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  async #run(): Promise<void> {
    try {
      await this.#sweep.run();
      if (Date.now() - this.#hourlyAt > hourMs) {
        this.#hourlyAt = Date.now();
        await this.#hourly();
      }
    } catch (error) {
      this.#logger.warn({ err: error }, 'the sweep could not run');
    }
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#run();
    }, this.#periodMs);
  }
}
