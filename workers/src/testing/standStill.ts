/** For tests: this process does nothing for so long, as on a machine that was suspended. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const lookMs = 20;
const windowMs = 3_000;

/** For tests: the longest that this process stood still within 3 s since `watch`, in ms: nothing of it can be done in time then. */
export class OwnPauses {
  readonly #timer: NodeJS.Timeout;
  /** Of the last 3 s. */
  #pauses: { readonly atMs: number; readonly ms: number }[] = [];
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
    return this.#longestMs;
  }

  #look(): void {
    const atMs = performance.now();
    const ms = Math.max(0, atMs - this.#lastMs - lookMs);
    this.#lastMs = atMs;
    this.#pauses = this.#pauses.filter((pause) => pause.atMs > atMs - ms - windowMs).concat({ atMs, ms });
    const sum = this.#pauses.reduce((total, pause) => total + pause.ms, 0);
    this.#longestMs = Math.max(this.#longestMs, sum);
  }
}
