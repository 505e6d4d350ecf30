import { announceSfuNode, withdrawSfuNode } from '@maydan/common';
import type { Logger, Redis } from '@maydan/common';
import { sfuNodeTtlMs } from '@maydan/contracts';
import type { SfuNode } from '@maydan/contracts';

/** Keeps this node's entry in Redis alive, and takes it out at the end. */
export class NodeRegistration {
  readonly #redis: Redis;
  readonly #describe: () => SfuNode;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<void> = Promise.resolve();
  #isAway = false;
  #closed = false;

  /** Rejects when Redis is away: a node that nobody finds hasn't started. */
  static async create(redis: Redis, describe: () => SfuNode, logger: Logger): Promise<NodeRegistration> {
    await announceSfuNode(redis, describe());
    return new NodeRegistration(redis, describe, logger);
  }

  private constructor(redis: Redis, describe: () => SfuNode, logger: Logger) {
    this.#redis = redis;
    this.#describe = describe;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.renew(), sfuNodeTtlMs / 3);
  }

  /** Says at once what changed. Never rejects. */
  renew(): Promise<void> {
    this.#renewing = this.#renewing.then(() => this.#renew());
    return this.#renewing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#renewing;
    await withdrawSfuNode(this.#redis, this.#describe().nodeId).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    if (this.#closed) return;
    try {
      await announceSfuNode(this.#redis, this.#describe());
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway) this.#logger.warn({ err: error }, 'the node could not be announced');
      this.#isAway = true;
    }
  }
}
