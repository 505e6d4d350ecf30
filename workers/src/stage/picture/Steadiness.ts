/** So many troubles within so long, and passing the pictures on is given up for a while. */
const most = 3;
const windowMs = 20_000;
/** A first rest; each further one is twice as long. */
const firstRestMs = 30_000;
const longestRestMs = 600_000;

/**
 * Decides whether somebody's own pictures may be passed on. Each trouble (another size, a torn picture, a standstill) is a
 * discontinuity or a hole for viewers, while a composed picture stays whole: too many, and it is composed for a while. Pure.
 */
export class Steadiness {
  #troubles: number[] = [];
  #restMs = firstRestMs;
  #restsUntilMs = -Infinity;

  trouble(nowMs: number): void {
    this.#troubles = [...this.#troubles.filter((atMs) => nowMs - atMs < windowMs), nowMs];
    if (this.#troubles.length < most) return;
    this.#troubles = [];
    this.#restsUntilMs = nowMs + this.#restMs;
    this.#restMs = Math.min(longestRestMs, this.#restMs * 2);
  }

  mayPass(nowMs: number): boolean {
    return nowMs >= this.#restsUntilMs;
  }
}
