import type { Logger } from '@maydan/common';

const defaultPeriodMs = 2_000;
/** Something that repairs and tidies, again and again. */
export interface Swept {
  run(): Promise<void>;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;

interface SweepTimerOptions {
  readonly sweep: Swept;
  /** What is enough once an hour. When it fails it is done again soon. */
  readonly hourly?: () => Promise<unknown>;
  readonly logger: Logger;
  readonly periodMs?: number;
  /** How long after a failure the hourly work is done again. */
  readonly hourlyRetryMs?: number;
}

/** Runs the sweep at once and then periodically, one round at a time. The hourly work doesn't depend on it. */
export class SweepTimer {
  readonly #sweep: Swept;
  readonly #hourly: (() => Promise<unknown>) | undefined;
  readonly #logger: Logger;
  readonly #periodMs: number;
  readonly #hourlyRetryMs: number;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #closed = false;
  #hourlyDueAt = 0;

  constructor(options: SweepTimerOptions) {
    this.#sweep = options.sweep;
    this.#hourly = options.hourly;
    this.#logger = options.logger;
    this.#periodMs = options.periodMs ?? defaultPeriodMs;
    this.#hourlyRetryMs = options.hourlyRetryMs ?? minuteMs;
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
    await this.#runSweep();
    await this.#runHourly();
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#run();
    }, this.#periodMs);
  }

  async #runSweep(): Promise<void> {
    try {
      await this.#sweep.run();
    } catch (error) {
      this.#logger.warn({ err: error }, 'the sweep could not run');
    }
  }

  /** Not in every round while it fails: much of it may have been done. */
  async #runHourly(): Promise<void> {
    if (this.#hourly === undefined || this.#closed || Date.now() < this.#hourlyDueAt) return;
    try {
      await this.#hourly();
      this.#hourlyDueAt = Date.now() + hourMs;
    } catch (error) {
      this.#hourlyDueAt = Date.now() + this.#hourlyRetryMs;
      this.#logger.warn({ err: error }, 'what is done once an hour could not be done');
    }
  }
}
