/**
 * What was found out lately, by key: two generations of `most` entries at most. What is asked for stays; of the rest the older
 * generation goes at once, so that nothing has to be kept in order.
 */
export class RecentMap<V> {
  readonly #most: number;
  #recent = new Map<string, V>();
  #older = new Map<string, V>();

  constructor(most: number) {
    this.#most = most;
  }

  /** What is known of a key, or what `find` says, which is remembered unless it throws. */
  get(key: string, find: () => V): V {
    const known = this.#recent.get(key);
    if (known !== undefined || this.#recent.has(key)) return known as V;
    const found = this.#older.has(key) ? (this.#older.get(key) as V) : find();
    if (this.#recent.size >= this.#most) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, found);
    return found;
  }
}
