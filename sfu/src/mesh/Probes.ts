import type { RemoteNode } from './PipeClient.ts';

export interface ProbesOptions {
  /** Whether the node's process takes connections and answers nothing. Never rejects. */
  readonly isStill: (node: RemoteNode) => Promise<boolean>;
}

/** One that stands still for longer has lost its people to other nodes anyway. */
const mostHeldMs = 5_000;

/**
 * What is known of nodes that don't renew what they say. One that only stands still keeps its people and pipes for some seconds
 * after its keys are gone; whatever else is missing is given up at once.
 */
export class Probes {
  readonly #options: ProbesOptions;
  readonly #asking = new Set<string>();
  /** By run: since when it stands still (Unix time); null: it doesn't. */
  readonly #stillSinceMs = new Map<string, number | null>();

  constructor(options: ProbesOptions) {
    this.#options = options;
  }

  /** Asks a node once at a time, however many rooms it has. */
  ask(node: RemoteNode): void {
    const { runId } = node;
    if (this.#asking.has(runId)) return;
    this.#asking.add(runId);
    void this.#options.isStill(node).then((isStill) => {
      this.#asking.delete(runId);
      const since = this.#stillSinceMs.get(runId) ?? Date.now();
      this.#stillSinceMs.set(runId, isStill ? since : null);
    });
  }

  /** The node says something again. */
  renewed({ runId }: RemoteNode): void {
    this.#stillSinceMs.delete(runId);
  }

  /** Whether what a node said holds on although its keys are gone; also until it is known whether it stands still. */
  holds(node: RemoteNode): boolean {
    const since = this.#stillSinceMs.get(node.runId);
    if (since === null || (since !== undefined && Date.now() - since > mostHeldMs)) return false;
    this.ask(node);
    return true;
  }

  /** Forgets all runs but those that somebody knows of. */
  keep(runIds: ReadonlySet<string>): void {
    for (const runId of this.#stillSinceMs.keys()) if (!runIds.has(runId)) this.#stillSinceMs.delete(runId);
  }
}
