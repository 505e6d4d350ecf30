import type { Logger } from '@maydan/common';

const defaultPeriodMs = 2_000;
/** Something that repairs and tidies, again and again. */
export interface Swept {
  run(): Promise<void>;
}

const hourMs = 3_600_000;

/** Runs the sweep at once and then periodically, one round at a time. */
export class SweepTimer {
  readonly #sweep: Swept;
  readonly #hourly: (() => Promise<unknown>) | undefined;
  readonly #logger: Logger;
  readonly #periodMs: number;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #closed = false;
  #hourlyAt = 0;

  constructor(options: { sweep: Swept; hourly?: () => Promise<unknown>; logger: Logger; periodMs?: number }) {
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
      if (this.#hourly !== undefined && Date.now() - this.#hourlyAt > hourMs) {
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
