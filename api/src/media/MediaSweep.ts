import type { Logger } from '@maydan/common';
import type { Media } from '@maydan/prisma';
import type { MediaRepo } from './media.repo.ts';
import type { MediaFacts } from './MediaFacts.ts';
import type { MediaJobs } from './MediaJobs.ts';

export interface MediaSweepDependencies {
  readonly repo: MediaRepo;
  readonly jobs: MediaJobs;
  readonly facts: MediaFacts;
  readonly logger: Logger;
}

const batch = 200;
const maxTries = 3;
/** A finished check's fact may still be on its way. */
const checkGoneMs = 10_000;
const removalRetryMs = 60_000;
const unusedMs = 24 * 3_600_000;
/** Clocks differ, and what was begun within the time of an upload may end later. */
const uploadMarginMs = 20 * 60_000;

/**
 * Repairs and tidies files, whatever died meanwhile: a check that is gone is begun again, a few times; what nobody
 * completed or used is removed; and a row stays until the storage has nothing of it and nothing can come any more, neither
 * by the address for its upload nor from a check under way.
 */
export class MediaSweep {
  readonly #deps: MediaSweepDependencies;

  constructor(dependencies: MediaSweepDependencies) {
    this.#deps = dependencies;
  }

  async run(now = new Date()): Promise<void> {
    const { repo } = this.#deps;
    const before = (ms: number): Date => new Date(now.getTime() - ms);
    for (const row of await repo.checking(before(checkGoneMs), batch)) await this.#keepCheck(row);
    const abandoned = await repo.abandoned(before(uploadMarginMs), before(unusedMs), batch);
    for (const id of abandoned) await this.#abandon(id, before(unusedMs));
    await this.#remove(await repo.removing(before(removalRetryMs), batch), before(uploadMarginMs));
    for (const { id } of await repo.withOldUpload(before(uploadMarginMs), batch)) {
      await this.#deps.jobs.remove(id, 'upload');
    }
  }

  async #keepCheck(row: Media): Promise<void> {
    const { repo, jobs, facts, logger } = this.#deps;
    if (!(await jobs.isCheckGone(row.id))) return;
    if (row.tries >= maxTries) return facts.giveUp(row.id);
    if (!(await repo.checkAgain(row.id))) return;
    logger.warn({ mediaId: row.id, tries: row.tries + 1 }, 'the check of a file was gone');
    await jobs.check(row);
  }

  /** Unless somebody began to use it meanwhile. */
  async #abandon(id: string, unusedSince: Date): Promise<void> {
    const unused = { uses: 0, stateChangedAt: { lt: unusedSince } };
    const where = { OR: [{ state: 'awaiting' as const }, { ownerId: null }, unused] };
    const row = await this.#deps.repo.beginRemoval(id, where);
    if (row !== null) await this.#deps.jobs.remove(id, 'all');
  }

  /** It is the last time only if nothing could come when the removal begins: what was told of earlier ones proves nothing. */
  async #remove(rows: readonly Media[], expiredBefore: Date): Promise<void> {
    const { jobs, repo } = this.#deps;
    for (const { id, uploadExpiresAt } of rows) {
      const isLast = uploadExpiresAt < expiredBefore && (await jobs.isCheckGone(id));
      await jobs.remove(id, isLast ? 'last' : 'all');
    }
    await repo.removalAsked(rows.map(({ id }) => id));
  }
}
