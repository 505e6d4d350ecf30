import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** Stream keys are revoked when an account is closed; what their owner called them goes here. */
export class StreamKeysData implements PersonalData {
  readonly name = 'stream keys';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.streamKey.deleteMany({ where: { userId } });
    return 'done';
  }

  export(userId: string): AsyncGenerator<ExportedRow> {
    return exported('streamKeys', (take, after: { id: string } | null) =>
      this.#database.streamKey.findMany({
        where: { userId, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: { id: true, label: true, hint: true, createdAt: true, lastUsedAt: true, revokedAt: true },
      }),
    );
  }
}
