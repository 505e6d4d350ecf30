/** Between two looks at the time that is left. */
const stepMs = 250;

/**
 * Calls `onDue` once `ms` have passed in which this process ran. While it stood still itself (a machine that sleeps, too few
 * cores) nobody could answer it: however long that took, it counts as one step, and what came meanwhile is read before the next.
 */
export class Patience {
  readonly #ms: number;
  readonly #onDue: () => void;
  #leftMs: number;
  #timer: NodeJS.Timeout;

  constructor(ms: number, onDue: () => void) {
    this.#ms = ms;
    this.#onDue = onDue;
    this.#leftMs = ms;
    this.#timer = this.#step();
  }

  /** What was waited for came, and is waited for anew. */
  refresh(): void {
    this.#leftMs = this.#ms;
  }

  /** Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #step(): NodeJS.Timeout {
    const ms = Math.min(stepMs, this.#leftMs);
    return setTimeout(() => {
      this.#leftMs -= ms;
      if (this.#leftMs <= 0) this.#onDue();
      else this.#timer = this.#step();
    }, ms);
  }
}
