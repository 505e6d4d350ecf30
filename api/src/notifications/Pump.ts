import type { Logger } from '@maydan/common';

export interface PumpOptions {
  /** Does one piece of work; false when there was none. */
  readonly step: () => Promise<boolean>;
  /** What it does, for the log. */
  readonly name: string;
  /** How often it looks by itself: for what another process left. */
  readonly periodMs: number;
  readonly logger: Logger;
}

/** Does work that is written down in PostgreSQL, piece by piece: at once when it is woken, and every now and then by itself. */
export class Pump {
  readonly #options: PumpOptions;
  #running: Promise<void> | undefined;
  #closed = false;
  #woken = false;
  #wake: () => void = () => undefined;

  constructor(options: PumpOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** There is work. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Waits for the piece at hand. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { step, name, logger } = this.#options;
    while (!this.#closed) {
      this.#woken = false;
      try {
        while (!this.#closed && (await step()));
      } catch (error) {
        logger.warn({ err: error, work: name }, 'written work could not be done yet');
        this.#woken = false;
      }
      await this.#rest();
    }
  }

  #rest(): Promise<void> {
    if (this.#woken || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.periodMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
