import type { JobProducer } from '@maydan/common';
import type { AccountExport } from '@maydan/prisma';

/** So often an export is begun, in some four minutes, until it is given up. */
export const mostRuns = 8;

/** The jobs that make exports, one for each. */
export class ExportQueue {
  readonly #jobs: JobProducer;

  constructor(jobs: JobProducer) {
    this.#jobs = jobs;
  }

  /** Adding it again while it waits or runs changes nothing. */
  async add({ id, userId }: Pick<AccountExport, 'id' | 'userId'>): Promise<void> {
    const options = { attempts: mostRuns, backoff: { type: 'exponential', delay: 2_000 } };
    await this.#jobs.add('account.export', { userId, exportId: id }, { jobId: id, ...options });
  }

  /** Whether nothing waits or runs that makes it. */
  isGone(id: string): Promise<boolean> {
    return this.#jobs.isGone('account.export', id);
  }

  /** Takes it out; false while some process works on it. */
  async drop(id: string): Promise<boolean> {
    return (await this.#jobs.queue('account.export').remove(id)) !== 0;
  }
}
