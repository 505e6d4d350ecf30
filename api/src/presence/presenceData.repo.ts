import type { Database } from '@maydan/prisma';
import type { ExportedRow, PersonalData } from '../personalData/PersonalData.ts';

/** When somebody was there last. */
export class PresenceData implements PersonalData {
  readonly name = 'presence';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.lastSeen.deleteMany({ where: { userId } });
    return 'done';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    const row = await this.#database.lastSeen.findUnique({ where: { userId } });
    if (row !== null) yield { kind: 'presence', row };
  }
}
