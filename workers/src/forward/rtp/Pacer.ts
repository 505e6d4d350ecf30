import type { Buffer } from 'node:buffer';

/** What may leave at once: about what a socket buffer takes without a loss. */
const burstPackets = 24;
/** So fast a burst is saved up again, in packets per millisecond. */
const creditPerMs = burstPackets / 4;
/** A frame leaves within this, unless it is larger than `mostPerMs` allows. */
const longestMs = 30;
/** About 115 Mbit/s. */
const mostPerMs = 12;
/** More than any picture in flight; a process that was held up drops nothing but its oldest packets. */
const mostWaiting = 20_000;

/**
 * Spreads a large frame's packets over some milliseconds, since hundreds of them in one go overrun the receiver's buffer.
 * Pure: the caller says what time it is and when to look again.
 */
export class Pacer {
  readonly #waiting: Buffer[] = [];
  /** While packets wait: they leave at no less than this, in packets per millisecond. */
  #perMs = 0;
  /** Packets that may leave on top of that; saved up again while nothing waits. */
  #credit = burstPackets;
  #lastMs = 0;

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Queues a frame's packets; returns those that may leave now. */
  push(packets: readonly Buffer[], nowMs: number): Buffer[] {
    const paced = this.due(nowMs);
    this.#waiting.push(...packets);
    if (this.#waiting.length > mostWaiting) this.#waiting.splice(0, this.#waiting.length - mostWaiting);
    this.#perMs = Math.min(mostPerMs, Math.max(this.#perMs, this.#waiting.length / longestMs));
    return [...paced, ...this.#take(0)];
  }

  /** Packets that may leave now, in order. */
  due(nowMs: number): Buffer[] {
    const elapsedMs = Math.max(0, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    if (this.isIdle) this.#credit = Math.min(burstPackets, this.#credit + elapsedMs * creditPerMs);
    return this.#take(Math.ceil(elapsedMs * this.#perMs));
  }

  #take(paced: number): Buffer[] {
    const packets = this.#waiting.splice(0, paced + Math.floor(this.#credit));
    this.#credit -= Math.max(0, packets.length - paced);
    if (this.isIdle) this.#perMs = 0;
    return packets;
  }
}
