import type { Logger } from '@maydan/common';
import type { RollupRepo } from './rollup.repo.ts';
import { slotAt, slotMs } from './slots.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** What is counted anew each time, and once a day: facts of services may come late. */
const again = { eachMs: 2 * hourMs, dailyMs: 3 * dayMs };
const kept = { samplesMs: 90 * dayMs, daysMs: 400 * dayMs, slotsMs: 1_830 * dayMs };

export interface RollupDependencies {
  readonly repo: RollupRepo;
  readonly periodMs: number;
  readonly logger: Logger;
}

/**
 * Counts for analytics: every few minutes in one of the api processes. One that is killed in the middle leaves whole days
 * counted, and the next one goes on from there.
 */
export class Rollup {
  readonly #deps: RollupDependencies;

  constructor(dependencies: RollupDependencies) {
    this.#deps = dependencies;
  }

  /** One round, if it is this process's turn. */
  async run(now = new Date()): Promise<void> {
    const { repo, periodMs } = this.#deps;
    const turn = await repo.takeTurn(now, new Date(now.getTime() - periodMs / 2));
    if (turn !== null) await this.count(now);
  }

  /** Counts all that isn't, and what may have changed. */
  async count(now = new Date()): Promise<void> {
    const { repo, logger } = this.#deps;
    const { upTo, recentAt } = await repo.progress();
    const isDaily = recentAt === null || now.getTime() - recentAt.getTime() >= dayMs;
    const backMs = isDaily ? again.dailyMs : again.eachMs;
    const since = upTo === null ? await repo.beginning() : new Date(upTo.getTime() - backMs);
    if (since === null) return;
    const end = slotAt(now).getTime() + slotMs;
    let from = slotAt(since);
    while (from.getTime() < end) {
      const to = new Date(Math.min(from.getTime() + dayMs, end));
      await repo.count(from, to, now);
      from = to;
    }
    if (isDaily) await repo.recentDone(now);
    logger.debug({ since }, 'counted for analytics');
  }

  /** Forgets samples of viewers after 90 days, who was active after 400, all else after five years. */
  deleteOld(now: Date): Promise<void> {
    const before = (ms: number): Date => new Date(now.getTime() - ms);
    return this.#deps.repo.deleteBefore({
      samples: before(kept.samplesMs),
      days: before(kept.daysMs),
      slots: before(kept.slotsMs),
    });
  }
}
