import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** What was done about somebody: of a deleted person the act alone stays, with the id. */
export class AuditData implements PersonalData {
  readonly name = 'audit';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.auditEntry.updateMany({
      where: { userId, OR: [{ reason: { not: null } }, { details: { not: {} } }] },
      data: { reason: null, details: {} },
    });
    return 'done';
  }

  /** Who did it stays the platform's. */
  async *export(userId: string): AsyncGenerator<ExportedRow> {
    yield* exported('actsOfModerators', (take, after: { id: string } | null) =>
      this.#database.auditEntry.findMany({
        where: { userId, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: { id: true, at: true, action: true, targetKind: true, targetId: true, reason: true },
      }),
    );
  }
}
