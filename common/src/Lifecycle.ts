import type { Logger } from './logger.ts';

type Close = () => unknown;

/**
 * Owns what a process opened and closes it once, last opened first, on SIGTERM, SIGINT or `shutdown()`.
 * A close that hangs doesn't hold the process longer than the deadline.
 */
export class Lifecycle {
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  readonly #owned: { name: string; close: Close }[] = [];
  #closing: Promise<void> | undefined;

  constructor(logger: Logger, deadlineMs = 10_000) {
    this.#logger = logger;
    this.#deadlineMs = deadlineMs;
  }

  /** Registers something to be closed at shutdown. */
  own(name: string, close: Close): void {
    this.#owned.push({ name, close });
  }

  get closing(): boolean {
    return this.#closing !== undefined;
  }

  /** Handles the process's signals and last-resort errors: an unknown state isn't carried on, it is restarted. */
  handleSignals(): void {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => void this.#exit(0, { signal }));
    }
    process.on('uncaughtException', (error) => void this.#exit(1, { err: error }));
    process.on('unhandledRejection', (error) => void this.#exit(1, { err: error }));
  }

  shutdown(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #exit(code: number, why: object): Promise<void> {
    this.#logger[code === 0 ? 'info' : 'fatal'](why, 'shutting down');
    const deadline = setTimeout(() => process.exit(code === 0 ? 70 : code), this.#deadlineMs);
    deadline.unref();
    await this.shutdown();
    process.exit(code);
  }

  async #closeAll(): Promise<void> {
    for (const { name, close } of this.#owned.reverse()) {
      try {
        await close();
      } catch (error) {
        this.#logger.error({ err: error, part: name }, 'did not close cleanly');
      }
    }
  }
}
