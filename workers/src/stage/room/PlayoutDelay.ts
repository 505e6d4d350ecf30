import { jumpMs, mostStretch } from '../audio/PcmTimeline.ts';

/** Capture to playout when the network is good: room for jitter, a retransmission and the decoder. */
const usualMs = 250;
const longestMs = 1_500;
/** No way takes so long: the source's clock jumped, and how long the way is will be seen when that is known. */
const impossibleMs = 5_000;
/** Between arrival and playout a packet needs this for ordering and decoding. */
const handlingMs = 40;
const windowMs = 3_000;
/** Share of packets that may come late. */
const tolerated = 0.01;
const fewest = 50;
/** What is raised by less than sound jumps by is raised as slowly as sound can follow, so that pictures don't run ahead of it. */
const rise = 0.8 * mostStretch;

/**
 * How long after its capture somebody's media is shown and heard; one figure for all tracks of a person, which keeps lips and
 * voice together. It is raised when packets come too late for it, and never lowered: each change is heard.
 */
export class PlayoutDelay {
  #ms = usualMs;
  /** What it rises to. */
  #wantedMs = usualMs;
  #roseMs: number | null = null;
  #latencies: number[] = [];
  #sinceMs: number | null = null;

  get ms(): number {
    return this.#ms;
  }

  /** A packet arrived so long after its capture. */
  observe(latencyMs: number, nowMs: number): void {
    if (latencyMs > impossibleMs) return;
    this.#rise(nowMs);
    this.#sinceMs ??= nowMs;
    this.#latencies.push(latencyMs);
    if (nowMs - this.#sinceMs < windowMs) return;
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const usual = sorted[Math.floor(sorted.length * (1 - tolerated))] ?? 0;
    if (sorted.length >= fewest && usual + handlingMs > this.#wantedMs) {
      this.#wantedMs = Math.min(longestMs, Math.ceil((usual + 2 * handlingMs) / 10) * 10);
      if (this.#wantedMs - this.#ms > jumpMs) this.#ms = this.#wantedMs;
    }
    this.#latencies = [];
    this.#sinceMs = nowMs;
  }

  #rise(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - (this.#roseMs ?? nowMs));
    this.#roseMs = nowMs;
    this.#ms = Math.min(this.#wantedMs, this.#ms + passedMs * rise);
  }
}
