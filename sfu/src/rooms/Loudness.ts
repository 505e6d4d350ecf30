/** What is shorter is taken to be as long: a click is no voice. */
const leastMs = 200;

/** Sound that was heard. */
export interface Heard {
  /** Power times milliseconds; 1 is the power of a square wave of full scale. */
  readonly energy: number;
  readonly durationMs: number;
}

/**
 * How loud one sender is: the mean power of what was sent, as a level. A mean of levels would take somebody whose microphone is cut
 * off between words (a noise gate) or who sends nothing then (DTX) for silent.
 */
export class Loudness {
  #energy = 0;
  #durationMs = 0;

  /** @param level dB below overload, 0 to 127 (RFC 6464). */
  hear(level: number, durationMs: number): void {
    this.add({ energy: 10 ** (-level / 10) * durationMs, durationMs });
  }

  /** What somebody else has heard. */
  add({ energy, durationMs }: Heard): void {
    this.#energy += energy;
    this.#durationMs += durationMs;
  }

  /** What was heard since this was asked before, for somebody else to add; null: nothing. */
  flush(): Heard | null {
    const heard = { energy: this.#energy, durationMs: this.#durationMs };
    this.#energy = 0;
    this.#durationMs = 0;
    return heard.durationMs === 0 ? null : heard;
  }

  /** Since it was asked before: -127 (silent) to 0 dBov. */
  take(): number {
    const { energy, durationMs } = this.flush() ?? { energy: 0, durationMs: 0 };
    const power = energy / Math.max(leastMs, durationMs);
    return power === 0 ? -127 : Math.max(-127, Math.round(10 * Math.log10(power)));
  }
}
