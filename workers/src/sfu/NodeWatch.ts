import { isSfuNodeGone, type Redis } from '@maydan/common';
import { sfuNodeKey, sfuNodeSilentMs, sfuNodeTtlMs, type SfuNode } from '@maydan/contracts';

const lookMs = 1_000;
/** So many looks in a row without the node: a Redis that has just restarted gets its nodes back within a second. */
const mostMisses = 3;

/** Tells when an sfu node is gone without a word: a host that fell off the network closes no connection. */
export class NodeWatch {
  readonly #redis: Redis;
  readonly #node: SfuNode;
  readonly #onGone: () => void;
  readonly #timer: NodeJS.Timeout;
  #misses = 0;
  #isClosed = false;

  /** `onGone` is called once. Who creates it closes it. */
  constructor(redis: Redis, node: SfuNode, onGone: () => void) {
    this.#redis = redis;
    this.#node = node;
    this.#onGone = onGone;
    this.#timer = setInterval(() => void this.#look(), lookMs);
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    // While Redis is away nobody knows.
    const isGone = await this.#isGone().catch(() => false);
    if (!isGone || this.#isClosed) return;
    this.close();
    this.#onGone();
  }

  async #isGone(): Promise<boolean> {
    const leftMs = await this.#redis.pttl(sfuNodeKey(this.#node.nodeId));
    this.#misses = leftMs < 0 ? this.#misses + 1 : 0;
    if (leftMs >= sfuNodeTtlMs - sfuNodeSilentMs) return false;
    return this.#misses >= mostMisses || isSfuNodeGone(this.#redis, this.#node);
  }
}
