import type { RtpPacket } from '../faststart/rtpPacket.ts';

/** Pictures of a video stream since the last reading. */
export interface FrameFigures {
  /** Something of it came. */
  readonly received: number;
  /** Packets of it never came. */
  readonly lost: number;
  /** Came more than `lateAfterMs` later than the quickest of the last seconds. */
  readonly late: number;
}

interface Gap {
  readonly sequences: Set<number>;
  readonly sinceMs: number;
  /** Pictures that lack something if nothing more comes. */
  readonly pictures: number;
}

const ticksPerMs = 90;
/** Packets that are sent again come within this time, or help nobody any more. */
const patienceMs = 500;
export const lateAfterMs = 300;
/** The quickest is looked for in this and the one before. */
const bucketMs = 5_000;
/** Further off it is another clock, and not late. */
const otherClockMs = 10_000;
/** More missing ones in a row are a stream that began anew. */
const longestGap = 500;
const mostGaps = 100;

/** Counts by RTP (RFC 3550) which pictures of a stream came, came late, or lack packets. Pure: time comes in. */
export class FrameTally {
  #last: Pick<RtpPacket, 'sequence' | 'timestamp' | 'marker'> | null = null;
  #gaps: Gap[] = [];
  /** Ticks between two pictures, as it is most of the time. */
  #step = 0;
  #mediaMs = 0;
  #bucket = { sinceMs: -Infinity, smallest: Infinity, before: Infinity };
  #counts = { received: 0, lost: 0, late: 0 };

  /** `nowMs`: when the packet came at the earliest. */
  add(packet: Pick<RtpPacket, 'sequence' | 'timestamp' | 'marker'>, nowMs: number): void {
    const last = this.#last;
    if (last === null) return this.#picture(packet, 0, nowMs);
    const ahead = (packet.sequence - last.sequence) & 0xffff;
    if (ahead === 0 || ahead >= 0x8000) return this.#cameLater(packet.sequence, nowMs);
    const ticks = (packet.timestamp - last.timestamp) | 0;
    if (ahead > 1 && ahead <= longestGap) this.#missed(last, ahead, ticks, nowMs);
    if (ticks === 0) this.#last = packet;
    else this.#picture(packet, ticks, nowMs);
  }

  read(nowMs: number): FrameFigures {
    const over = this.#gaps.filter(({ sinceMs }) => nowMs - sinceMs >= patienceMs);
    this.#gaps = this.#gaps.filter((gap) => !over.includes(gap));
    this.#counts.lost += over.reduce((sum, { pictures }) => sum + pictures, 0);
    const figures = { ...this.#counts };
    this.#counts = { received: 0, lost: 0, late: 0 };
    return figures;
  }

  /** The first packet of another picture; with B-frames its time may be before that of the last one. */
  #picture(packet: Pick<RtpPacket, 'sequence' | 'timestamp' | 'marker'>, ticks: number, nowMs: number): void {
    this.#last = packet;
    this.#counts.received += 1;
    this.#mediaMs += ticks / ticksPerMs;
    // Follows at once what is shorter, and slowly what is longer: a hole is no step.
    if (ticks > 0) this.#step = this.#step === 0 ? ticks : Math.min(ticks, this.#step * 1.05);
    if (this.#delayMs(nowMs) > lateAfterMs) this.#counts.late += 1;
  }

  /** How much later than the quickest. */
  #delayMs(nowMs: number): number {
    const bucket = this.#bucket;
    const offset = nowMs - this.#mediaMs;
    const quickest = Math.min(bucket.smallest, bucket.before);
    if (Math.abs(offset - quickest) > otherClockMs)
      this.#bucket = { sinceMs: nowMs, smallest: offset, before: Infinity };
    else if (nowMs - bucket.sinceMs > bucketMs)
      this.#bucket = { sinceMs: nowMs, smallest: offset, before: bucket.smallest };
    else bucket.smallest = Math.min(bucket.smallest, offset);
    return offset - Math.min(this.#bucket.smallest, this.#bucket.before);
  }

  /** Of whole pictures between the two nothing is known but the time; what began or ended there is torn. */
  #missed(last: Pick<RtpPacket, 'sequence' | 'marker'>, ahead: number, ticks: number, nowMs: number): void {
    const between = ticks > 0 && this.#step > 0 ? Math.max(0, Math.round(ticks / this.#step) - 1) : 0;
    const torn = last.marker ? 0 : 1;
    const sequences = new Set<number>();
    for (let at = 1; at < ahead; at += 1) sequences.add((last.sequence + at) & 0xffff);
    // There can't be more pictures than packets.
    const pictures = Math.min(Math.max(1, torn + between), sequences.size);
    this.#gaps.push({ sequences, sinceMs: nowMs, pictures });
    if (this.#gaps.length > mostGaps) this.#gaps.shift();
  }

  /** Sent again, or overtaken. */
  #cameLater(sequence: number, nowMs: number): void {
    const gap = this.#gaps.find(({ sequences }) => sequences.has(sequence));
    gap?.sequences.delete(sequence);
    if (gap === undefined || gap.sequences.size > 0) return;
    this.#gaps = this.#gaps.filter((one) => one !== gap);
    if (nowMs - gap.sinceMs > lateAfterMs) this.#counts.late += gap.pictures;
  }
}
