/** What is shorter is taken to be as long: a click is no voice. */
const leastMs = 200;

/**
 * How loud one sender is: the mean power of what was sent, as a level. A mean of levels would take somebody whose microphone is cut
 * off between words (a noise gate) or who sends nothing then (DTX) for silent.
 */
export class Loudness {
  /** Power times milliseconds; 1 is the power of a square wave of full scale. */
  #energy = 0;
  #durationMs = 0;

  /** @param level dB below overload, 0 to 127 (RFC 6464). */
  add(level: number, durationMs: number): void {
    this.#energy += 10 ** (-level / 10) * durationMs;
    this.#durationMs += durationMs;
  }

  /** Since it was asked before: -127 (silent) to 0 dBov. */
  take(): number {
    const power = this.#energy / Math.max(leastMs, this.#durationMs);
    this.#energy = 0;
    this.#durationMs = 0;
    return power === 0 ? -127 : Math.max(-127, Math.round(10 * Math.log10(power)));
  }
}
