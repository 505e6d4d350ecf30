import type { CoreBudget } from '../ladder/CoreBudget.ts';

/** What encoding of one session may cost, held until released; available is what it holds and what nobody does. */
export interface Reservation extends CoreBudget {
  /** Gives everything back. Idempotent. */
  release(): void;
}

/** Below this not even a copied picture with its sound is carried. */
const leastCores = 0.2;

/**
 * Decides which sessions a worker takes: the sum of what their ladders cost stays within a budget of cores. A new
 * session may plan with all that is free and so drops renditions when little is; a session that must go on with the
 * renditions it has is taken only as a whole. A leg that costs more than the one before may take what is free then.
 */
export class Admission {
  readonly #budgetCores: number;
  readonly #held = new Map<Reservation, number>();

  constructor(budgetCores: number) {
    this.#budgetCores = budgetCores;
  }

  get budgetCores(): number {
    return this.#budgetCores;
  }

  get usedCores(): number {
    return [...this.#held.values()].reduce((sum, cores) => sum + cores, 0);
  }

  get freeCores(): number {
    return Math.max(0, this.#budgetCores - this.usedCores);
  }

  /**
   * `neededCores`: what a session that goes on costs; null for a new one. Null when there is no room at present. A
   * session that alone is more than the budget is carried by an idle worker all the same: nobody else could.
   */
  admit(neededCores: number | null): Reservation | null {
    const least = Math.min(neededCores ?? leastCores, this.#budgetCores);
    if (this.freeCores < least - 1e-9) return null;
    return this.#hold(neededCores === null ? this.freeCores : least);
  }

  #hold(cores: number): Reservation {
    const held = this.#held;
    const available = (own: number): number => Math.max(0, this.#budgetCores - this.usedCores + own);
    const reservation: Reservation = {
      get available() {
        const own = held.get(reservation);
        return own === undefined ? 0 : available(own);
      },
      settle: (settled) => {
        if (held.has(reservation)) held.set(reservation, settled);
      },
      release: () => void held.delete(reservation),
    };
    held.set(reservation, cores);
    return reservation;
  }
}
