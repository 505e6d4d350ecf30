import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@maydan/common';

export interface GatheredOptions<W, R> {
  /** Does these works; as many results, in their order, of which some may still be on their way. What it throws is the answer to all. */
  readonly run: (works: readonly W[]) => Promise<readonly (R | Promise<R>)[]>;
  /** So far apart begin two runs at least: what comes meanwhile goes together. The first after a quiet time doesn't wait. */
  readonly paceMs: number;
  /** Whether a run waits for the end of the one before; else what it works with keeps their order, or none is needed. */
  readonly inTurn: boolean;
  /** Works of one run at most. */
  readonly most: number;
  /** Works that wait at most. */
  readonly maxWaiting: number;
}

/** For reads of one row each, of which many come at the same time: one statement costs little more for many rows. */
export const readsTogether = { inTurn: false, paceMs: 5, most: 100, maxWaiting: 10_000 } as const;

interface Waiting<W, R> {
  readonly work: W;
  readonly resolve: (result: R | PromiseLike<R>) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers works that are cheaper done together than each by itself. Nobody's work waits for more to come when it is quiet. */
export class Gathered<W, R> {
  readonly #options: GatheredOptions<W, R>;
  #waiting: Waiting<W, R>[] = [];
  #isRunning = false;

  constructor(options: GatheredOptions<W, R>) {
    this.#options = options;
  }

  /** The result of this work. Rejects as `run` does, or with `overloaded` when too many wait already. */
  async run(work: W): Promise<R> {
    if (this.#waiting.length >= this.#options.maxWaiting) throw new AppError('overloaded');
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      void this.#runAll();
    });
  }

  async #runAll(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Those that come with this one, in the same turn of the event loop, go with it.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const startedAt = performance.now();
      const ended = this.#runSome(this.#waiting.splice(0, this.#options.most));
      if (this.#options.inTurn) await ended;
      const early = startedAt + this.#options.paceMs - performance.now();
      if (early > 0) await delay(early);
    }
    this.#isRunning = false;
  }

  async #runSome(some: readonly Waiting<W, R>[]): Promise<void> {
    try {
      const results = await this.#options.run(some.map(({ work }) => work));
      if (results.length !== some.length) throw new Error('not as many results as works');
      for (const [index, { resolve }] of some.entries()) resolve(results[index] as R | Promise<R>);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }
}
