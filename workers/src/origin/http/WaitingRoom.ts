/** Somebody who waits for a thing that comes. Exactly one of the two is called, or none after leaving. */
export interface Waiter {
  readonly release: () => void;
  readonly expire: () => void;
}

interface Group {
  readonly key: string;
  readonly isReady: () => boolean;
  readonly waiters: Set<Entry>;
}

interface Entry {
  readonly waiter: Waiter;
  readonly group: Group;
  readonly deadlineMs: number;
}

export interface WaitingRoomOptions {
  readonly timeoutMs: number;
  /** Called with +1 and −1 as waiters come and go. */
  readonly onCount: (change: number) => void;
  /** Monotone milliseconds. */
  readonly now?: () => number;
}

/**
 * Holds requests until what they wait for exists. Equal waits share one condition, all waits share one timer:
 * they last equally long, so the oldest is always the next to expire.
 */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  readonly #now: () => number;
  readonly #groups = new Map<string, Group>();
  /** In order of deadline. */
  readonly #entries = new Set<Entry>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Waits under a name; the first waiter of a name brings its condition. Returns how to leave early. */
  hold(key: string, isReady: () => boolean, waiter: Waiter): () => void {
    let group = this.#groups.get(key);
    if (!group) this.#groups.set(key, (group = { key, isReady, waiters: new Set() }));
    const entry = { waiter, group, deadlineMs: this.#now() + this.#options.timeoutMs };
    group.waiters.add(entry);
    this.#entries.add(entry);
    this.#options.onCount(1);
    this.#timer ??= setTimeout(() => this.#expireDue(), this.#options.timeoutMs);
    return () => this.#leave(entry);
  }

  /** Releases everybody whose condition holds now. */
  check(): void {
    for (const [key, group] of this.#groups) {
      if (!group.isReady()) continue;
      this.#groups.delete(key);
      for (const entry of group.waiters) this.#entries.delete(entry);
      this.#options.onCount(-group.waiters.size);
      for (const entry of group.waiters) entry.waiter.release();
    }
    if (this.#entries.size === 0) this.#stopTimer();
  }

  /** Turns everybody away. */
  close(): void {
    const entries = [...this.#entries];
    this.#groups.clear();
    this.#entries.clear();
    this.#options.onCount(-entries.length);
    this.#stopTimer();
    for (const entry of entries) entry.waiter.expire();
  }

  #leave(entry: Entry): void {
    if (!this.#entries.has(entry)) return;
    this.#forget(entry);
    if (this.#entries.size === 0) this.#stopTimer();
  }

  #forget(entry: Entry): void {
    const { group } = entry;
    this.#entries.delete(entry);
    group.waiters.delete(entry);
    if (group.waiters.size === 0 && this.#groups.get(group.key) === group) this.#groups.delete(group.key);
    this.#options.onCount(-1);
  }

  #expireDue(): void {
    this.#timer = null;
    const now = this.#now();
    for (const entry of this.#entries) {
      if (entry.deadlineMs > now) {
        this.#timer = setTimeout(() => this.#expireDue(), entry.deadlineMs - now);
        return;
      }
      this.#forget(entry);
      entry.waiter.expire();
    }
  }

  #stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
