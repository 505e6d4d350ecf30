/** Counts open connections, so that neither one address nor all together exhaust the process. */
export class ConnectionLimits {
  readonly #total: number;
  readonly #perAddress: number;
  readonly #open = new Map<string, number>();
  #count = 0;

  constructor(limits: { total: number; perAddress: number }) {
    this.#total = limits.total;
    this.#perAddress = limits.perAddress;
  }

  get count(): number {
    return this.#count;
  }

  /** True when one more is allowed; it then has to be given back with `release`. */
  take(address: string): boolean {
    const open = this.#open.get(address) ?? 0;
    if (this.#count >= this.#total || open >= this.#perAddress) return false;
    this.#open.set(address, open + 1);
    this.#count += 1;
    return true;
  }

  release(address: string): void {
    const open = this.#open.get(address) ?? 0;
    if (open <= 1) this.#open.delete(address);
    else this.#open.set(address, open - 1);
    this.#count -= 1;
  }
}
