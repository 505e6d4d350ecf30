import { beginsKeyFrame, type RtpPacket } from './rtpPacket.ts';

export interface GroupLimits {
  readonly maxBytes: number;
  readonly maxMs: number;
}

interface Kept {
  /** Sequence number counted on over its wraps. */
  readonly position: number;
  readonly packet: RtpPacket;
}

/** Packets of other pictures this far behind are late, not a new beginning. */
const halfRange = 32_768;

/**
 * The running group of pictures: every packet from the last key frame on, in order. A group that is too large, too long or
 * lacks a packet isn't offered; a packet that was sent again fills its hole. Pure: time comes in with the packets.
 */
export class GroupCache {
  readonly #limits: GroupLimits;
  #kept: Kept[] = [];
  #bytes = 0;
  #beganMs = 0;
  #intervalMs: number | null = null;
  #isGivenUp = true;

  constructor(limits: GroupLimits) {
    this.#limits = limits;
  }

  add(packet: RtpPacket, nowMs: number): void {
    const position = this.#positionOf(packet.sequence);
    if (beginsKeyFrame(packet.payload) && this.#isNewer(position)) this.#begin(nowMs);
    if (this.#isGivenUp) return;
    if (nowMs - this.#beganMs > this.#limits.maxMs) return this.#giveUp();
    this.#insert({ position, packet });
    this.#bytes += packet.payload.length;
    if (this.#bytes > this.#limits.maxBytes) this.#giveUp();
  }

  /** There is a group, though it may lack a packet at the moment. */
  get hasGroup(): boolean {
    return this.#kept.length > 0;
  }

  /** From the key frame on; null while there is no whole group. */
  get packets(): readonly RtpPacket[] | null {
    const first = this.#kept[0];
    const last = this.#kept.at(-1);
    if (first === undefined || last === undefined) return null;
    const isWhole = last.position - first.position === this.#kept.length - 1;
    return isWhole ? this.#kept.map(({ packet }) => packet) : null;
  }

  /** Time from the last but one key frame to the last one; null until there were two. */
  get keyFrameIntervalMs(): number | null {
    return this.#intervalMs;
  }

  #begin(nowMs: number): void {
    if (this.#beganMs > 0) this.#intervalMs = nowMs - this.#beganMs;
    this.#beganMs = nowMs;
    this.#kept = [];
    this.#bytes = 0;
    this.#isGivenUp = false;
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    this.#kept = [];
    this.#bytes = 0;
  }

  #isNewer(position: number): boolean {
    const last = this.#kept.at(-1);
    return last === undefined || position > last.position;
  }

  #positionOf(sequence: number): number {
    const last = this.#kept.at(-1)?.position ?? sequence;
    const ahead = (sequence - last) & 0xffff;
    return last + (ahead < halfRange ? ahead : ahead - 2 * halfRange);
  }

  #insert(kept: Kept): void {
    let at = this.#kept.length;
    while (at > 0 && (this.#kept[at - 1]?.position ?? 0) > kept.position) at -= 1;
    // Older than the key frame, or here already.
    if ((at === 0 && this.#kept.length > 0) || this.#kept[at - 1]?.position === kept.position) return;
    this.#kept.splice(at, 0, kept);
  }
}
