import type { Database } from '@maydan/prisma';
import { beyond, exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** Sessions that somebody is invited to, and whom they have invited. */
export class AccessData implements PersonalData {
  readonly name = 'sessionInvitations';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.sessionInvitation.deleteMany({ where: { userId } });
    await this.#database.sessionInvitation.deleteMany({ where: { session: { hostId: userId } } });
    return 'done';
  }

  export(userId: string): AsyncGenerator<ExportedRow> {
    return exported('sessionInvitations', (take, after: { createdAt: Date; sessionId: string } | null) =>
      this.#database.sessionInvitation.findMany({
        where: { userId, ...(after === null ? {} : beyond(after.createdAt, 'sessionId', after.sessionId)) },
        orderBy: [{ createdAt: 'asc' }, { sessionId: 'asc' }],
        take,
        select: { sessionId: true, createdAt: true },
      }),
    );
  }
}
