/** Calls `work` now and then again and again, `delayMs()` after each end, until stopped. */
export class Poller {
  private readonly work: () => Promise<void>;
  private readonly delayMs: () => number | null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;
  private again = false;
  private stopped = false;

  /** `delayMs` returns null to rest until `poke`. `work` handles its own failures. */
  constructor(work: () => Promise<void>, delayMs: () => number | null) {
    this.work = work;
    this.delayMs = delayMs;
  }

  /** Runs now; a call during a run makes one more run after it. */
  poke(): void {
    if (this.stopped) return;
    if (this.running) this.again = true;
    else void this.run();
  }

  /** Begins with a rest in place of a run. */
  rest(): void {
    const delayMs = this.delayMs();
    if (!this.stopped && delayMs !== null) this.timer = setTimeout(() => this.poke(), delayMs);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    clearTimeout(this.timer);
    this.running = true;
    this.again = false;
    await this.work();
    this.running = false;
    if (this.stopped) return;
    if (this.again) this.poke();
    else this.rest();
  }
}
