import type { SourceEnd } from '../source/LiveSource.ts';

/** A relay that hiccups isn't told as lost at once: the api would take the publisher for gone. */
const quietMs = 3_000;
const retry = { stepMs: 200, maxMs: 1_000 };

/** Decides when the loss of a source is told, and when to try it again. */
export class SourceLoss {
  readonly #tell: (epoch: number, reason: string) => void;
  #epoch = 0;
  #sinceMs: number | null = null;
  #attempts = 0;
  #isTold = false;

  /** `tell` is called once per loss. */
  constructor(tell: (epoch: number, reason: string) => void) {
    this.#tell = tell;
  }

  /** Notes that a connection ended by itself; returns how long to wait before the next one (ms). */
  happened(epoch: number, end: Pick<SourceEnd, 'reason' | 'detail'>, nowMs: number): number {
    if (epoch !== this.#epoch || this.#sinceMs === null) {
      this.#epoch = epoch;
      this.#sinceMs = nowMs;
      this.#attempts = 0;
      this.#isTold = false;
    }
    this.#attempts += 1;
    // A stalled source has been waited for already; bytes that are no FLV won't become it.
    const isCertain = end.reason === 'stalled' || end.reason === 'invalid';
    if (!this.#isTold && (isCertain || nowMs - this.#sinceMs >= quietMs)) {
      this.#isTold = true;
      this.#tell(epoch, `${end.reason}: ${end.detail}`);
    }
    return Math.min(retry.maxMs, retry.stepMs * this.#attempts);
  }

  /** The source plays again. True when its loss had been told. */
  over(): boolean {
    const wasTold = this.#isTold;
    this.#sinceMs = null;
    this.#isTold = false;
    return wasTold;
  }
}
