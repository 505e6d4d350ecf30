import { playbackKeys } from '@maydan/contracts';
import type { Logger } from '@maydan/common';
import { FenceLostError, type Fence } from './Fence.ts';

/** Without a refresh for this long the playback has no live origin. Longer than a crashed worker takes to come back. */
const lifetimeMs = 30_000;
const refreshMs = 3_000;

export interface OwnershipOptions {
  readonly fence: Fence;
  /** Address under which other origins reach ours. */
  readonly originUrl: string;
  readonly log: Logger;
  /** Called once when a newer run has taken the playback over. */
  readonly onLost: () => void;
}

/**
 * Says in Redis that this process's origin has the playback in memory, and watches the fence while doing so: a run
 * that was superseded hears of it within `refreshMs`. While Redis is away the run goes on.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #key: string;
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  static async create(options: OwnershipOptions): Promise<Ownership> {
    const ownership = new Ownership(options);
    await ownership.#refresh();
    return ownership;
  }

  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#key = playbackKeys.origin(options.fence.playbackId);
    this.#timer = setInterval(() => void this.#refresh(), refreshMs);
  }

  /** Takes the entry back (unless a newer run has made its own). Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.stop();
    try {
      await this.#options.fence.write('DEL', this.#key);
    } catch (error) {
      if (!(error instanceof FenceLostError))
        this.#options.log.warn({ err: error }, 'origin entry left to expire');
    }
  }

  /** Refreshes no more but leaves the entry: the playback goes on in another run. Idempotent. */
  stop(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #refresh(): Promise<void> {
    const { fence, originUrl, log, onLost } = this.#options;
    try {
      await fence.write('SET', this.#key, originUrl, 'PX', lifetimeMs);
    } catch (error) {
      if (this.#closed) return;
      if (error instanceof FenceLostError) {
        this.stop();
        onLost();
      } else {
        log.warn({ err: error }, 'origin entry not refreshed');
      }
    }
  }
}
