/** Sampling rate of everything that is mixed. */
export const sampleRateHz = 48_000;

const capacity = 2 * sampleRateHz;
/** Farther off than this is a jump of the source; nearer, it is stretched until it fits. */
export const jumpMs = 60;
const jumpSamples = (jumpMs / 1_000) * sampleRateHz;
const tolerated = 0.008 * sampleRateHz;
const corrected = 0.001 * sampleRateHz;
const smoothing = 0.1;
/** Share by which sound is stretched: nobody hears it, and it makes good the drift of any clock. */
export const mostStretch = 1 / 240;
/** Sound begins and ends at a hole within so many samples, so that it doesn't click. */
const fadeSamples = 96;

/**
 * Stereo sound of one track on the playout clock, by sample number. What is written lies where its capture time says, as
 * long as that is steady; small deviations (jitter, drift) are made good by stretching. What isn't written is silence.
 */
export class PcmTimeline {
  readonly #left = new Float32Array(capacity);
  readonly #right = new Float32Array(capacity);
  /** Where the next write goes on; null before the first. */
  #next: number | null = null;
  #readUntil = 0;
  /** How far writes are from where they should be, without the jitter of single packets. */
  #off = 0;
  #isStretching = false;
  #late = 0;

  /** Samples that came after their time. */
  get lateSamples(): number {
    return this.#late;
  }

  /** Where the sound written so far ends; null without any. */
  get end(): number | null {
    return this.#next;
  }

  /** Sound that is to be played from sample `at` on. */
  write(at: number, left: Float32Array, right: Float32Array): void {
    const count = left.length;
    const next = this.#next;
    if (next === null || next < this.#readUntil || Math.abs(at - next) > jumpSamples) {
      this.#off = 0;
      this.#isStretching = false;
      return this.#place(Math.round(at), left, right, true);
    }
    const change = this.#correction(at - next, count);
    if (change === 0) return this.#place(next, left, right, false);
    this.#place(next, stretched(left, count + change), stretched(right, count + change), false);
  }

  /** The sender was silent for so many samples: what comes next lies behind them, and isn't stretched to get there. */
  skip(count: number): void {
    if (this.#next !== null) this.#next += count;
  }

  /** Samples to add to (or take from) this piece. Begins when the sound is off for a while, and goes on until it isn't. */
  #correction(off: number, count: number): number {
    this.#off += (off - this.#off) * smoothing;
    const size = Math.abs(this.#off);
    this.#isStretching = size > (this.#isStretching ? corrected : tolerated);
    return this.#isStretching ? Math.max(1, Math.floor(count * mostStretch)) * Math.sign(this.#off) : 0;
  }

  /** Adds samples `from` up to `from + length` to the mix and forgets them. Calls follow each other without a hole. */
  mixInto(from: number, left: Float32Array, right: Float32Array): void {
    const count = Math.min(left.length, (this.#next ?? 0) - from);
    if (count > 0) {
      moveInto(left, this.#left, from, count);
      moveInto(right, this.#right, from, count);
    }
    this.#readUntil = Math.max(this.#readUntil, from + left.length);
  }

  #place(start: number, left: Float32Array, right: Float32Array, isJump: boolean): void {
    const from = Math.max(start, this.#readUntil);
    const end = start + left.length;
    this.#late += Math.min(left.length, from - start);
    // Farther ahead than the memory: a source whose clock is out of its mind.
    if (end > this.#readUntil + capacity) return;
    if (from < end) {
      store(this.#left, from, left.subarray(from - start), isJump);
      store(this.#right, from, right.subarray(from - start), isJump);
    }
    this.#next = end;
  }
}

/** Writes samples into a ring from sample number `from` on. */
function store(ring: Float32Array, from: number, samples: Float32Array, fadesIn: boolean): void {
  const at = from % capacity;
  ring.set(samples.subarray(0, capacity - at), at);
  if (at + samples.length > capacity) ring.set(samples.subarray(capacity - at), 0);
  if (!fadesIn) return;
  for (let index = 0; index < Math.min(fadeSamples, samples.length); index += 1) {
    ring[(from + index) % capacity] = ((samples[index] ?? 0) * index) / fadeSamples;
  }
}

/** Adds `count` samples of a ring from sample number `from` on to `mix`, and leaves silence. */
function moveInto(mix: Float32Array, ring: Float32Array, from: number, count: number): void {
  const at = from % capacity;
  const most = Math.min(count, capacity - at);
  for (let index = 0; index < most; index += 1) {
    mix[index] = (mix[index] ?? 0) + (ring[at + index] ?? 0);
  }
  ring.fill(0, at, at + most);
  if (most < count) moveInto(mix.subarray(most), ring, 0, count - most);
}

/** The same sound in another number of samples, by linear interpolation. */
export function stretched(samples: Float32Array, count: number): Float32Array {
  const result = new Float32Array(count);
  const step = (samples.length - 1) / Math.max(1, count - 1);
  for (let index = 0; index < count; index += 1) {
    const at = index * step;
    const low = Math.floor(at);
    const part = at - low;
    result[index] = (samples[low] ?? 0) * (1 - part) + (samples[low + 1] ?? 0) * part;
  }
  return result;
}
