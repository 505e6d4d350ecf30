import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** What somebody reported: the report stays without what they wrote. Of theirs that was reported nothing is kept. */
export class ReportsData implements PersonalData {
  readonly name = 'reports';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    const { report } = this.#database;
    await report.updateMany({ where: { reporterId: userId }, data: { reporterId: null, text: '' } });
    await report.updateMany({
      where: { targetUserId: userId },
      data: { snapshot: {}, text: '', note: null },
    });
    return 'done';
  }

  export(userId: string): AsyncGenerator<ExportedRow> {
    return exported('reports', (take, after: { id: string } | null) =>
      this.#database.report.findMany({
        where: { reporterId: userId, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: { id: true, targetKind: true, targetId: true, category: true, text: true, createdAt: true },
      }),
    );
  }
}
