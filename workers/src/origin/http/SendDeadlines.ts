/** Bodies up to this size fit the kernel's buffers; a client that doesn't take them runs into the idle timeout. */
const WATCHED_BYTES = 64 * 1024;
const GRACE_MS = 20_000;
/** A client slower than this can't play any of our renditions (audio alone is 128 kb/s). */
const SLOWEST_BYTES_PER_MS = 8;
const SWEEP_MS = 5_000;

interface Watched {
  readonly deadlineMs: number;
  readonly cut: () => void;
}

/** Cuts off clients that take a large body drop by drop, so that they can't keep old media in memory. */
export class SendDeadlines {
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | null = null;

  /**
   * Gives a client as long as a slow but playing one needs for `bytes`, then destroys it. Returns what to call
   * when they are sent; undefined when they are too few to matter.
   */
  watch(client: { destroy(): unknown }, bytes: number): (() => void) | undefined {
    if (bytes <= WATCHED_BYTES) return undefined;
    const deadlineMs = performance.now() + GRACE_MS + bytes / SLOWEST_BYTES_PER_MS;
    const watched = { deadlineMs, cut: () => void client.destroy() };
    this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    return () => void this.#watched.delete(watched);
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#watched.clear();
  }

  #sweep(): void {
    const now = performance.now();
    for (const watched of this.#watched) {
      if (watched.deadlineMs >= now) continue;
      this.#watched.delete(watched);
      watched.cut();
    }
    if (this.#watched.size === 0) this.close();
  }
}
