import type { Logger, Redis } from '@maydan/common';

/** Without a renewal for this long the lease is anybody's. */
const lifetimeMs = 10_000;
/** Whoever couldn't renew for this long no longer counts on it: before another can have it. */
const trustedMs = 7_000;
const renewMs = 2_000;

/** `KEYS[1]` is the lease, `ARGV[1]` who asks, `ARGV[2]` the lifetime. 1 when it is the asker's now. */
const takeScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

export interface LeaseOptions {
  readonly redis: Redis;
  readonly key: string;
  /** Who asks: different for each run. */
  readonly holder: string;
  readonly log: Logger;
  /** Called when it is taken, and when it is lost. */
  readonly onChange: () => void;
}

/**
 * Held by at most one run at a time: a run that is gone loses it after `lifetimeMs`, and one that can't renew it stops before
 * that by itself. Asked for until it is closed.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #timer: NodeJS.Timeout;
  #heldUntilMs = -Infinity;
  #expiry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#take(), renewMs);
    void this.#take();
  }

  /** Asked before everything that only one run may do; false as soon as another could hold it. */
  get isHeld(): boolean {
    return performance.now() < this.#heldUntilMs;
  }

  /** Lets the next run have it at once. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#expiry);
    this.#heldUntilMs = -Infinity;
    const { redis, key, holder, log } = this.#options;
    await redis.eval(releaseScript, 1, key, holder).catch((error: unknown) => {
      log.debug({ err: error }, 'lease left to expire');
    });
  }

  async #take(): Promise<void> {
    const { redis, key, holder, log } = this.#options;
    // It lives from when Redis sets it, which isn't before this.
    const askedAtMs = performance.now();
    try {
      const taken = await redis.eval(takeScript, 1, key, holder, lifetimeMs);
      if (!this.#closed) this.#hold(taken === 1 ? askedAtMs + trustedMs : -Infinity);
    } catch (error) {
      log.debug({ err: error }, 'lease not renewed');
    }
  }

  #hold(untilMs: number): void {
    const wasHeld = this.isHeld;
    this.#heldUntilMs = untilMs;
    clearTimeout(this.#expiry);
    if (this.isHeld) this.#expiry = setTimeout(this.#options.onChange, untilMs - performance.now() + 1);
    if (wasHeld !== this.isHeld) this.#options.onChange();
  }
}
