interface Measured {
  readonly bits: number;
  readonly durationSec: number;
}

/**
 * Peak and mean bit rate of a rendition's segments. The peak is that of RFC 8216bis §4.4.6.2: the highest rate
 * of any run of segments that lasts between 0.5 and 1.5 target durations, so that a short segment alone, as at
 * the end of a leg, says nothing.
 */
export class BitrateMeter {
  readonly #targetDurationSec: number;
  readonly #recent: Measured[] = [];
  #peakBps = 0;
  #bits = 0;
  #durationSec = 0;

  constructor(targetDurationSec: number) {
    this.#targetDurationSec = targetDurationSec;
  }

  get peakBps(): number {
    return this.#peakBps;
  }

  get averageBps(): number {
    return this.#durationSec > 0 ? this.#bits / this.#durationSec : 0;
  }

  add(byteLength: number, durationSec: number): void {
    if (durationSec <= 0) return;
    this.#bits += byteLength * 8;
    this.#durationSec += durationSec;
    this.#recent.unshift({ bits: byteLength * 8, durationSec });
    this.#measureRunsToNewest();
  }

  #measureRunsToNewest(): void {
    let bits = 0;
    let durationSec = 0;
    let kept = 0;
    for (const segment of this.#recent) {
      bits += segment.bits;
      durationSec += segment.durationSec;
      if (durationSec > 1.5 * this.#targetDurationSec) break;
      kept += 1;
      if (durationSec >= 0.5 * this.#targetDurationSec)
        this.#peakBps = Math.max(this.#peakBps, bits / durationSec);
    }
    this.#recent.length = Math.max(1, kept);
  }
}
