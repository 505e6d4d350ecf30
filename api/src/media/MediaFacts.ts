import type { Logger } from '@maydan/common';
import type { FactOf } from '@maydan/contracts';
import type { Media } from '@maydan/prisma';
import type { Emitter } from '../realtime/Emitter.ts';
import { rooms } from '../realtime/rooms.ts';
import type { MediaRepo } from './media.repo.ts';
import type { MediaViews } from './mediaViews.ts';

export interface MediaFactsDependencies {
  readonly repo: MediaRepo;
  readonly views: MediaViews;
  readonly emitter: Emitter;
  readonly logger: Logger;
}

/** Applies what workers found out about files. Facts may come twice; only the first changes something. */
export class MediaFacts {
  readonly #deps: MediaFactsDependencies;

  constructor(dependencies: MediaFactsDependencies) {
    this.#deps = dependencies;
  }

  async handle(fact: FactOf<'media.checked'> | FactOf<'media.removed'>): Promise<void> {
    const { repo } = this.#deps;
    if (fact.type === 'media.removed') return this.#removed(fact);
    const { mediaId, outcome } = fact;
    if (outcome.result === 'ready') return this.#tell(await repo.ready(mediaId, outcome));
    return this.#tell(await repo.refuse(mediaId, outcome.reason));
  }

  /** Given up after too many tries. */
  async giveUp(mediaId: string): Promise<void> {
    await this.#tell(await this.#deps.repo.refuse(mediaId, 'failed'));
  }

  /** After `all` something may still come: an upload by an address that was given out, or what a check stores. The sweep asks again. */
  async #removed({ what, mediaId }: FactOf<'media.removed'>): Promise<void> {
    if (what === 'upload') await this.#deps.repo.uploadRemoved(mediaId);
    if (what === 'last') await this.#deps.repo.removed(mediaId);
  }

  async #tell(row: Media | null): Promise<void> {
    if (row === null) return;
    const { id, state, refusal } = row;
    this.#deps.logger.info({ mediaId: id, refusal }, `a file is ${state}`);
    if (row.ownerId === null) return;
    const event = state === 'ready' ? 'media:ready' : 'media:refused';
    await this.#deps.emitter.emit(rooms.user(row.ownerId), event, { media: this.#deps.views.view(row) });
  }
}
