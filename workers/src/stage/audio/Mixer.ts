import { toPcm16 } from './limiter.ts';
import { sampleRateHz, type PcmTimeline } from './PcmTimeline.ts';

/** After a standstill of the process no more than this is made good; the rest is left out. */
const mostSamplesAtOnce = sampleRateHz;

/** Sums the tracks of a stage on the playout clock, each once, however often it was announced. */
export class Mixer {
  readonly #tracks = new Map<string, PcmTimeline>();
  #at: number | null = null;

  /** A track of another name, or of the same name in place of the one before. */
  add(name: string, track: PcmTimeline): void {
    this.#tracks.set(name, track);
  }

  remove(name: string): void {
    this.#tracks.delete(name);
  }

  get trackCount(): number {
    return this.#tracks.size;
  }

  /** The mix from where the last one ended up to sample `until`; silence where there is nothing. Null: nothing to do. */
  mixUntil(until: number): { from: number; pcm: Buffer } | null {
    const from = Math.max(this.#at ?? until, until - mostSamplesAtOnce);
    this.#at = Math.max(until, this.#at ?? until);
    if (until <= from) return null;
    const left = new Float32Array(until - from);
    const right = new Float32Array(until - from);
    for (const track of this.#tracks.values()) track.mixInto(from, left, right);
    return { from, pcm: toPcm16(left, right) };
  }
}
