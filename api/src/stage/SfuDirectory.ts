import { AppError, isSfuNodeGone, listSfuNodes, pickSfuNode, type Logger, type Redis } from '@maydan/common';
import type { SfuNode } from '@maydan/contracts';

const answerHoldsMs = 200;
const mostAsked = 100;

/** The sfu nodes as they announce themselves. */
export class SfuDirectory {
  readonly #redis: Redis;
  readonly #logger: Logger;
  readonly #asked = new Map<string, { readonly untilMs: number; readonly answer: Promise<boolean> }>();
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

  /**
   * The node to join a session's room on. One whose process or machine is gone is named for some seconds more, and passed over
   * as long as there is another. Throws `unavailable` when there is none.
   */
  async pick(sessionId: string): Promise<SfuNode> {
    const nodes = await this.list();
    const first = pickSfuNode(nodes, sessionId);
    let left = nodes;
    for (let node = first; node !== undefined; node = pickSfuNode(left, sessionId)) {
      // Nobody but it to send people to.
      if (nodes.length === 1 || !(await this.#isGone(node))) return node;
      left = left.filter((other) => other !== node);
    }
    if (first !== undefined) return first;
    this.#logger.warn({ sessionId }, 'there is no sfu node');
    throw new AppError('unavailable', 'Interactive viewing is not available right now.');
  }

  /** Many who come at once ask a node once. */
  #isGone(node: SfuNode): Promise<boolean> {
    const { internalUrl, publicUrl } = node;
    const nowMs = Date.now();
    const asked = this.#asked.get(internalUrl);
    if (asked !== undefined && nowMs < asked.untilMs) return asked.answer;
    const urls = publicUrl === null ? [internalUrl] : [internalUrl, publicUrl];
    const answer = isSfuNodeGone(this.#redis, node, urls);
    if (this.#asked.size >= mostAsked) this.#asked.clear();
    this.#asked.set(internalUrl, { untilMs: nowMs + answerHoldsMs, answer });
    return answer;
  }
}
