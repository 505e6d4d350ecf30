import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** Where people send their sessions to. Exports have no stream keys, as nothing else has. */
export class RestreamData implements PersonalData {
  readonly name = 'restream targets';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.restreamTarget.deleteMany({ where: { userId } });
    return 'done';
  }

  export(userId: string): AsyncGenerator<ExportedRow> {
    return exported('restreamTargets', (take, after: { id: string } | null) =>
      this.#database.restreamTarget.findMany({
        where: { userId, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: { id: true, name: true, url: true, keyHint: true, enabled: true, createdAt: true },
      }),
    );
  }
}
