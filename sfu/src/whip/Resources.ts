import { AppError } from '@maydan/common';
import type { Credential } from './Credential.ts';
import type { Resource } from './Resource.ts';

/** How long it is remembered whose an ended one was: clients close their connection first and send DELETE then. */
const memoryMs = 60_000;
const maxRemembered = 1_000;

/** All WHIP or WHEP resources of this node, by the secret of their URLs. */
export class Resources {
  readonly #open = new Map<string, Resource>();
  /** Of ended ones, in the order they ended; what else they had, their room among it, is let go. */
  readonly #ended = new Map<string, { readonly credential: Credential; readonly atMs: number }>();

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
  find(secret: string, token: string): Resource {
    const resource = this.#open.get(secret);
    if (resource === undefined) throw new AppError('not_found');
    checkOwner(resource.credential, token);
    return resource;
  }

  /** Ends it, if it hasn't ended a moment ago. Throws as `find` does. */
  end(secret: string, token: string): void {
    const ended = this.#ended.get(secret);
    if (ended === undefined) this.find(secret, token).end('left');
    else checkOwner(ended.credential, token);
  }

  #remember({ secret: own, credential }: Resource): void {
    const nowMs = Date.now();
    this.#ended.set(own, { credential, atMs: nowMs });
    for (const [secret, { atMs }] of this.#ended) {
      if (nowMs - atMs < memoryMs && this.#ended.size <= maxRemembered) break;
      this.#ended.delete(secret);
    }
  }
}

function checkOwner(credential: Credential, token: string): void {
  if (!credential.is(token))
    throw new AppError('forbidden', 'This is not the token the connection was made with.');
}
