import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';
import { over } from './statuses.repo.ts';

/** What somebody shows, and what of others they have seen. */
export class StatusesData implements PersonalData {
  readonly name = 'statuses';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Their statuses expire at once; the sweep removes them with their files. */
  async erase(userId: string): Promise<'done' | 'pending'> {
    await this.#database.statusView.deleteMany({ where: { viewerId: userId } });
    await this.#database.status.updateMany({ where: { userId }, data: over });
    return (await this.#database.status.count({ where: { userId } })) === 0 ? 'done' : 'pending';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    yield* exported('statuses', (take, after: { id: string } | null) =>
      this.#database.status.findMany({
        where: { userId, expiresAt: { gt: new Date() }, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: {
          ...{ id: true, text: true, style: true, mediaId: true, audience: true },
          ...{ createdAt: true, expiresAt: true },
        },
      }),
    );
    yield* exported('seenStatuses', (take, after: { statusId: string } | null) =>
      this.#database.statusView.findMany({
        where: { viewerId: userId, ...(after === null ? {} : { statusId: { gt: after.statusId } }) },
        orderBy: { statusId: 'asc' },
        take,
        select: { statusId: true, createdAt: true },
      }),
    );
  }
}
