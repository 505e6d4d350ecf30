import type { Database } from '@maydan/prisma';
import { writeAudit, type Act } from '../audit/audit.repo.ts';

/** Acts of admins on what the database doesn't keep. */
export class ActsRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Written in the audit log first; an act that fails isn't there. */
  async audited(act: Act, work?: () => Promise<unknown>): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await writeAudit(transaction, act);
      await work?.();
    });
  }
}
