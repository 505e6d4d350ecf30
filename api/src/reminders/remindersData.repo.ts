import type { Database } from '@maydan/prisma';
import { beyond, exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** Sessions that somebody wants to be reminded of. */
export class RemindersData implements PersonalData {
  readonly name = 'sessionReminders';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.sessionReminder.deleteMany({ where: { userId } });
    return 'done';
  }

  export(userId: string): AsyncGenerator<ExportedRow> {
    return exported('sessionReminders', (take, after: { createdAt: Date; sessionId: string } | null) =>
      this.#database.sessionReminder.findMany({
        where: { userId, ...(after === null ? {} : beyond(after.createdAt, 'sessionId', after.sessionId)) },
        orderBy: [{ createdAt: 'asc' }, { sessionId: 'asc' }],
        take,
        select: { sessionId: true, createdAt: true },
      }),
    );
  }
}
