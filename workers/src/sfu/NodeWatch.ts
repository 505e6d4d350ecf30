import type { Redis } from '@maydan/common';
import { sfuNodeKey } from '@maydan/contracts';

const lookMs = 1_000;
/** So many looks in a row without the node: a Redis that has just restarted gets its nodes back within a second. */
const mostMisses = 3;

/** Tells when an sfu node is gone without a word: a host that fell off the network closes no connection. */
export class NodeWatch {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #onGone: () => void;
  readonly #timer: NodeJS.Timeout;
  #misses = 0;

  /** `onGone` is called once. Who creates it closes it. */
  constructor(redis: Redis, nodeId: string, onGone: () => void) {
    this.#redis = redis;
    this.#key = sfuNodeKey(nodeId);
    this.#onGone = onGone;
    this.#timer = setInterval(() => void this.#look(), lookMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    // While Redis is away nobody knows.
    const isThere = await this.#redis.exists(this.#key).catch(() => 1);
    this.#misses = isThere === 0 ? this.#misses + 1 : 0;
    if (this.#misses !== mostMisses) return;
    this.close();
    this.#onGone();
  }
}
