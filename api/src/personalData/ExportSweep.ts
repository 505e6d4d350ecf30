import type { Logger } from '@maydan/common';
import type { AccountExport } from '@maydan/prisma';
import { mostRuns, type ExportQueue } from './ExportQueue.ts';
import type { ExportsRepo } from './exports.repo.ts';
import type { ExportStore } from './ExportStore.ts';

export interface ExportSweepDependencies {
  readonly exports: ExportsRepo;
  readonly queue: ExportQueue;
  readonly store: ExportStore;
  readonly logger: Logger;
}

const batch = 100;
/** A job that was just asked for may not be in the queue yet. */
const jobGoneMs = 10_000;
const rowsKeptMs = 30 * 86_400_000;

/**
 * Repairs and tidies exports, whatever died meanwhile: one whose job is gone is queued again or given up, files of those that
 * expired or failed are removed, and rows go a month later.
 */
export class ExportSweep {
  readonly #deps: ExportSweepDependencies;

  constructor(dependencies: ExportSweepDependencies) {
    this.#deps = dependencies;
  }

  async run(now = new Date()): Promise<void> {
    const { exports, store } = this.#deps;
    await exports.deleteOld(new Date(now.getTime() - rowsKeptMs));
    for (const row of await exports.waiting(new Date(now.getTime() - jobGoneMs), batch))
      await this.#keep(row);
    for (const row of await exports.expired(now, batch)) {
      await store.removeAll(row);
      await exports.filesRemoved(row.id);
    }
  }

  async #keep(row: AccountExport): Promise<void> {
    const { exports, queue, logger } = this.#deps;
    const { id, run } = row;
    if (!(await queue.isGone(id))) return;
    logger.warn({ exportId: id, run }, 'the job of an export was gone');
    if (run >= mostRuns) return exports.fail({ id });
    await queue.add(row);
  }
}
