import type { Database } from '@maydan/prisma';
import type { ExportQueue } from './ExportQueue.ts';
import { ExportsRepo } from './exports.repo.ts';
import type { ExportStore } from './ExportStore.ts';
import { exported, type ExportedRow, type PersonalData } from './PersonalData.ts';

/** Exports themselves go with the account; those that are being made are stopped. */
export class ExportsData implements PersonalData {
  readonly name = 'exports';
  readonly #database: Database;
  readonly #exports: ExportsRepo;
  readonly #queue: ExportQueue;
  readonly #store: ExportStore;

  constructor(database: Database, queue: ExportQueue, store: ExportStore) {
    this.#database = database;
    this.#exports = new ExportsRepo(database);
    this.#queue = queue;
    this.#store = store;
  }

  /** A row goes when no job can store something of it any more and the storage has nothing. */
  async erase(userId: string): Promise<'done' | 'pending'> {
    await this.#exports.fail({ userId });
    const rows = await this.#database.accountExport.findMany({ where: { userId } });
    let isPending = false;
    for (const row of rows) {
      if (await this.#queue.drop(row.id)) {
        await this.#store.removeAll(row);
        await this.#exports.delete(row.id);
      } else isPending = true;
    }
    return isPending ? 'pending' : 'done';
  }

  export(userId: string): AsyncGenerator<ExportedRow> {
    return exported('exports', (take, after: { id: string } | null) =>
      this.#database.accountExport.findMany({
        where: { userId, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: { id: true, createdAt: true },
      }),
    );
  }
}
