import type { ServerResponse } from 'node:http';

/** Bodies up to this size fit the kernel's buffers; a client that doesn't take them runs into the idle timeout. */
const WATCHED_BYTES = 64 * 1024;
const GRACE_MS = 20_000;
/** A client slower than this can't play any of our renditions (audio alone is 128 kb/s). */
const SLOWEST_BYTES_PER_MS = 8;
const SWEEP_MS = 5_000;

/** Cuts off clients that take a large body drop by drop, so that they can't keep old media in memory. */
export class SendDeadlines {
  readonly #deadlines = new Map<ServerResponse, number>();
  #timer: NodeJS.Timeout | null = null;

  /** Gives the response as long as a slow but playing client needs for `bytes`. */
  watch(response: ServerResponse, bytes: number): void {
    if (bytes <= WATCHED_BYTES || this.#deadlines.has(response)) return;
    this.#deadlines.set(response, performance.now() + GRACE_MS + bytes / SLOWEST_BYTES_PER_MS);
    response.once('close', () => this.#deadlines.delete(response));
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#deadlines.clear();
  }

  #sweep(): void {
    const now = performance.now();
    for (const [response, deadline] of this.#deadlines) {
      if (deadline < now) response.destroy();
    }
    if (this.#deadlines.size === 0) this.close();
  }
}
