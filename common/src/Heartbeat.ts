import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './logger.ts';

export interface HeartbeatOptions {
  /** Says that we are there. */
  readonly announce: () => Promise<void>;
  /** Says that we are going. */
  readonly withdraw: () => Promise<void>;
  readonly everyMs: number;
  readonly logger: Logger;
}

/** Redis that is away doesn't hold the end of a process for longer. */
const closeMs = 1_000;

/** Says again and again that a process is there, and at the end that it is going. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<void> = Promise.resolve();
  #isAway = false;
  #closed = false;

  /** Rejects when the first word can't be said: what nobody finds hasn't started. */
  static async create(options: HeartbeatOptions): Promise<Heartbeat> {
    await options.announce();
    return new Heartbeat(options);
  }

  /** Without waiting for the first word. */
  static start(options: HeartbeatOptions): Heartbeat {
    const heartbeat = new Heartbeat(options);
    void heartbeat.renew();
    return heartbeat;
  }

  private constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.renew(), options.everyMs);
  }

  /** Says at once what changed. Never rejects. */
  renew(): Promise<void> {
    this.#renewing = this.#renewing.then(() => this.#renew());
    return this.#renewing;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    const withdrawn = this.#renewing.then(() => this.#options.withdraw()).catch(() => undefined);
    await Promise.race([withdrawn, delay(closeMs, undefined, { ref: false })]);
  }

  async #renew(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#options.announce();
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway) this.#options.logger.warn({ err: error }, 'the node could not be announced');
      this.#isAway = true;
    }
  }
}
