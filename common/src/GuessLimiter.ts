const windowMs = 60_000;
/** Addresses remembered at a time; the oldest are forgotten first. */
const maxAddresses = 10_000;

interface Attempts {
  /** When each refused attempt of the last minute was refused. */
  refusedAt: number[];
  /** Attempts whose answer isn't known yet. */
  pending: number;
  /** Those that wait because the answers to come might use up the limit. */
  readonly waiting: (() => void)[];
}

/** The right to one attempt; `settle` must be called once with its outcome. */
export interface Attempt {
  settle(outcome: 'refused' | 'other'): void;
}

/**
 * Bounds how many stream keys an address can have refused per minute, also when it tries them all at once:
 * attempts beyond the limit wait for the answers of those before them. Rightful publishers behind one address
 * are delayed by this for a moment, never refused.
 */
export class GuessLimiter {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #addresses = new Map<string, Attempts>();

  constructor(limit: number, now: () => number = Date.now) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Resolves to the right to ask, or to undefined when the address has to wait for its minute to pass. */
  async begin(address: string): Promise<Attempt | undefined> {
    const attempts = this.#attemptsOf(address);
    for (;;) {
      this.#forgetOld(attempts);
      if (attempts.refusedAt.length >= this.#limit) return undefined;
      if (attempts.refusedAt.length + attempts.pending < this.#limit) break;
      await new Promise<void>((resolve) => attempts.waiting.push(resolve));
    }
    attempts.pending += 1;
    let settled = false;
    return {
      settle: (outcome) => {
        if (settled) return;
        settled = true;
        attempts.pending -= 1;
        if (outcome === 'refused') attempts.refusedAt.push(this.#now());
        for (const wake of attempts.waiting.splice(0)) wake();
      },
    };
  }

  #attemptsOf(address: string): Attempts {
    const known = this.#addresses.get(address) ?? { refusedAt: [], pending: 0, waiting: [] };
    // Inserted anew, so that the map stays in the order of use.
    this.#addresses.delete(address);
    this.#addresses.set(address, known);
    if (this.#addresses.size > maxAddresses) {
      const [oldest] = this.#addresses.keys();
      if (oldest !== undefined) this.#addresses.delete(oldest);
    }
    return known;
  }

  #forgetOld(attempts: Attempts): void {
    const since = this.#now() - windowMs;
    attempts.refusedAt = attempts.refusedAt.filter((at) => at > since);
  }
}
