import { AppError, listSfuNodes, pickSfuNode, type Logger, type Redis } from '@maydan/common';
import type { SfuNode } from '@maydan/contracts';

/** The sfu nodes as they announce themselves. */
export class SfuDirectory {
  readonly #redis: Redis;
  readonly #logger: Logger;
  #known: readonly SfuNode[] = [];

  constructor(redis: Redis, logger: Logger) {
    this.#redis = redis;
    this.#logger = logger;
  }

  /** As they were when last asked for; the sweep asks every two seconds. */
  get known(): readonly SfuNode[] {
    return this.#known;
  }

  async list(): Promise<readonly SfuNode[]> {
    this.#known = await listSfuNodes(this.#redis);
    return this.#known;
  }

  /** The node to join a session's room on. Throws `unavailable` when there is none. */
  async pick(sessionId: string): Promise<SfuNode> {
    const node = pickSfuNode(await this.list(), sessionId);
    if (node !== undefined) return node;
    this.#logger.warn({ sessionId }, 'there is no sfu node');
    throw new AppError('unavailable', 'Interactive viewing is not available right now.');
  }
}
