import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** On which days somebody was there. What was counted of sessions stays, as sessions do, of a user who has no name any more. */
export class AnalyticsData implements PersonalData {
  readonly name = 'analytics';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.activeDay.deleteMany({ where: { userId } });
    return 'done';
  }

  export(userId: string): AsyncGenerator<ExportedRow> {
    return exported('activeDays', async (take, after: { day: string } | null) => {
      const rows = await this.#database.activeDay.findMany({
        where: { userId, ...(after === null ? {} : { day: { gt: new Date(after.day) } }) },
        orderBy: { day: 'asc' },
        take,
        select: { day: true },
      });
      return rows.map(({ day }) => ({ day: day.toISOString().slice(0, 10) }));
    });
  }
}
