/** Sampling rate of everything that is mixed. */
export const sampleRateHz = 48_000;

const capacity = 2 * sampleRateHz;
/** Farther off than this is a jump of the source; nearer, it is stretched until it fits. */
const jumpSamples = 0.06 * sampleRateHz;
const tolerated = 0.008 * sampleRateHz;
/** Share by which sound is stretched: nobody hears it, and it makes good the drift of any clock. */
const mostStretch = 1 / 240;
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
    const off = this.#next === null ? Infinity : at - this.#next;
    if (Math.abs(off) > jumpSamples || (this.#next ?? 0) < this.#readUntil) {
      this.#place(Math.round(at), left, right, true);
    } else if (Math.abs(off) > tolerated) {
      const change = Math.max(1, Math.floor(count * mostStretch)) * Math.sign(off);
      this.#place(this.#next ?? 0, stretched(left, count + change), stretched(right, count + change), false);
    } else {
      this.#place(this.#next ?? 0, left, right, false);
    }
  }

  /** Adds samples `from` up to `from + length` to the mix and forgets them. Calls follow each other without a hole. */
  mixInto(from: number, left: Float32Array, right: Float32Array): void {
    const end = this.#next ?? 0;
    for (let index = 0; index < left.length; index += 1) {
      if (from + index >= end) break;
      const at = (from + index) % capacity;
      left[index] = (left[index] ?? 0) + (this.#left[at] ?? 0);
      right[index] = (right[index] ?? 0) + (this.#right[at] ?? 0);
      this.#left[at] = 0;
      this.#right[at] = 0;
    }
    this.#readUntil = Math.max(this.#readUntil, from + left.length);
  }

  #place(start: number, left: Float32Array, right: Float32Array, isJump: boolean): void {
    const from = Math.max(start, this.#readUntil);
    const end = start + left.length;
    this.#late += Math.min(left.length, from - start);
    // Farther ahead than the memory: a source whose clock is out of its mind.
    if (end > this.#readUntil + capacity) return;
    for (let index = from - start; index < left.length; index += 1) {
      const at = (start + index) % capacity;
      const fade = isJump ? Math.min(1, (index - (from - start)) / fadeSamples) : 1;
      this.#left[at] = (left[index] ?? 0) * fade;
      this.#right[at] = (right[index] ?? 0) * fade;
    }
    this.#next = end;
  }
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
