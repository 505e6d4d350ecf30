import { AppError } from '@maydan/common';

/** Runs works of the same key one after the other, those of different keys at the same time. */
export class InTurn {
  readonly #maxWaiting: number;
  readonly #lines = new Map<string, { waiting: number; last: Promise<unknown> }>();

  constructor(maxWaiting = 500) {
    this.#maxWaiting = maxWaiting;
  }

  /** Whether works of the key run or wait. */
  isBusy(key: string): boolean {
    return this.#lines.has(key);
  }

  /** Rejects as `work` does, or with `overloaded` when too many wait already. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(key) ?? { waiting: 0, last: Promise.resolve() };
    if (line.waiting >= this.#maxWaiting) throw new AppError('overloaded');
    this.#lines.set(key, line);
    line.waiting += 1;
    const turn = line.last.then(work, work);
    line.last = turn;
    try {
      return await turn;
    } finally {
      line.waiting -= 1;
      if (line.waiting === 0) this.#lines.delete(key);
    }
  }
}
