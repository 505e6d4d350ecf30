/** Makes a counter that wraps at 2^bits one that doesn't: each value is taken as the nearest to the one before. */
export class Unwrapper {
  readonly #modulus: number;
  #last: number | null = null;

  constructor(bits: 16 | 32) {
    this.#modulus = 2 ** bits;
  }

  /** May go back, for packets out of order. Begins with the value itself. */
  unwrap(value: number): number {
    if (this.#last === null) {
      this.#last = value;
      return value;
    }
    const modulus = this.#modulus;
    const ahead = (((value - this.#last) % modulus) + modulus) % modulus;
    this.#last += ahead < modulus / 2 ? ahead : ahead - modulus;
    return this.#last;
  }
}
