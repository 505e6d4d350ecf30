/** For tests: this process does nothing for so long, as on a machine that was suspended. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const lookMs = 20;

/** For tests: the longest time for which this process stood still since `watch`, in ms: nothing of it can be done in time then. */
export class OwnPauses {
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();
  #longestMs = 0;

  static watch(): OwnPauses {
    return new OwnPauses();
  }

  private constructor() {
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  /** Ends it. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return Math.max(0, this.#longestMs - lookMs);
  }

  #look(): void {
    const nowMs = performance.now();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}
