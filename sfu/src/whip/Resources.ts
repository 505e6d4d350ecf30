import { AppError } from '@maydan/common';
import type { Resource } from './Resource.ts';

/** How long an ended one is remembered: clients close their connection first and send DELETE then. */
const memoryMs = 60_000;
const maxRemembered = 1_000;

/** All WHIP or WHEP resources of this node, by the secret of their URLs. */
export class Resources {
  readonly #open = new Map<string, Resource>();
  /** Ended ones, in the order they ended. */
  readonly #ended = new Map<string, { readonly resource: Resource; readonly atMs: number }>();

  get size(): number {
    return this.#open.size;
  }

  add(resource: Resource): void {
    if (resource.closed) return;
    this.#open.set(resource.secret, resource);
    resource.once('closed', () => {
      this.#open.delete(resource.secret);
      this.#remember(resource);
    });
  }

  /**
   * Throws `not_found` for one that isn't there, `forbidden` (403) for another's token.
   */
  find(secret: string, credential: string): Resource {
    const resource = this.#open.get(secret);
    if (resource === undefined) throw new AppError('not_found');
    return owned(resource, credential);
  }

  /** As `find`, also for one that ended a moment ago. */
  findOrEnded(secret: string, credential: string): Resource {
    const ended = this.#ended.get(secret);
    if (ended === undefined) return this.find(secret, credential);
    return owned(ended.resource, credential);
  }

  #remember(resource: Resource): void {
    const nowMs = Date.now();
    this.#ended.set(resource.secret, { resource, atMs: nowMs });
    for (const [secret, { atMs }] of this.#ended) {
      if (nowMs - atMs < memoryMs && this.#ended.size <= maxRemembered) break;
      this.#ended.delete(secret);
    }
  }
}

function owned(resource: Resource, credential: string): Resource {
  if (!resource.isOwnedBy(credential)) {
    throw new AppError('forbidden', 'This is not the token the connection was made with.');
  }
  return resource;
}
