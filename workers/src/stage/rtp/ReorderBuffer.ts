import type { RtpPacket } from './rtpPacket.ts';
import { Unwrapper } from './Unwrapper.ts';

/** A packet in its place. */
export interface Ordered {
  readonly packet: RtpPacket;
  /** Packets given up between the one before and this; 1 where the numbers jumped, since nobody knows. */
  readonly lostBefore: number;
}

export interface ReorderOptions {
  /** How long a hole is waited for, since the first packet behind it came. */
  readonly patienceMs: number;
  /** Packets held at most; more than these, and the hole is given up. */
  readonly mostHeld: number;
}

/** A jump of sequence numbers so far is another stream, not a loss. */
const longestHole = 3_000;

/**
 * Puts the packets of one stream in order. A hole holds back what is behind it, until it is filled (a retransmission came)
 * or given up. Duplicates and what comes after its hole was given up are dropped. Pure: times are the caller's.
 */
export class ReorderBuffer {
  readonly #options: ReorderOptions;
  readonly #held = new Map<number, { packet: RtpPacket; sinceMs: number }>();
  #sequences = new Unwrapper(16);
  #next: number | null = null;
  #hasJumped = false;
  #lost = 0;
  #received = 0;

  constructor(options: ReorderOptions) {
    this.#options = options;
  }

  /** Packets given up so far. */
  get lost(): number {
    return this.#lost;
  }

  get received(): number {
    return this.#received;
  }

  push(packet: RtpPacket, nowMs: number): Ordered[] {
    let sequence = this.#sequences.unwrap(packet.sequence);
    if (this.#next !== null && Math.abs(sequence - this.#next) > longestHole) {
      this.#held.clear();
      this.#sequences = new Unwrapper(16);
      sequence = this.#sequences.unwrap(packet.sequence);
      this.#next = null;
      this.#hasJumped = true;
    }
    this.#next ??= sequence;
    if (sequence < this.#next || this.#held.has(sequence)) return [];
    this.#received += 1;
    this.#held.set(sequence, { packet, sinceMs: nowMs });
    return this.take(nowMs);
  }

  /** What is due now; to be called now and then while nothing comes, too. */
  take(nowMs: number): Ordered[] {
    const due: Ordered[] = [];
    // What comes behind a jump doesn't go on where the picture before it ended: a decoder must not take it for that.
    let lostBefore = this.#hasJumped ? 1 : 0;
    this.#hasJumped = false;
    while (this.#next !== null && this.#held.size > 0) {
      const held = this.#held.get(this.#next);
      if (held !== undefined) {
        this.#held.delete(this.#next);
        due.push({ packet: held.packet, lostBefore });
        lostBefore = 0;
        this.#next += 1;
      } else {
        if (!this.#isHopeless(nowMs)) break;
        const first = Math.min(...this.#held.keys());
        lostBefore = first - this.#next;
        this.#lost += lostBefore;
        this.#next = first;
      }
    }
    return due;
  }

  #isHopeless(nowMs: number): boolean {
    if (this.#held.size > this.#options.mostHeld) return true;
    for (const { sinceMs } of this.#held.values()) {
      if (nowMs - sinceMs >= this.#options.patienceMs) return true;
    }
    return false;
  }
}
