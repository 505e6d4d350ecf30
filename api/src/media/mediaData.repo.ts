import type { Database } from '@maydan/prisma';
import { beyond, exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** Somebody's files. They are nobody's once the account is closed, and nobody's files are removed by their sweep. */
export class MediaData implements PersonalData {
  readonly name = 'media';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Also what a request that was under way announced after the account was closed. */
  async erase(ownerId: string): Promise<'done'> {
    await this.#database.media.updateMany({ where: { ownerId }, data: { ownerId: null } });
    return 'done';
  }

  export(ownerId: string): AsyncGenerator<ExportedRow> {
    return exported('media', async (take, after: { id: string; createdAt: Date } | null) => {
      const rows = await this.#database.media.findMany({
        where: {
          AND: [
            { ownerId, state: { not: 'removing' } },
            after === null ? {} : beyond(after.createdAt, 'id', after.id),
          ],
        },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        take,
        select: {
          ...{ id: true, purpose: true, kind: true, state: true, refusal: true, name: true, createdAt: true },
          ...{ declaredType: true, declaredBytes: true, type: true, byteLength: true },
          ...{ width: true, height: true, durationMs: true },
        },
      });
      // Signed addresses would not outlive the export: each time its owner asks there, new ones are made.
      return rows.map((row) => ({ ...row, askAt: `/api/v1/media/${row.id}` }));
    });
  }
}
