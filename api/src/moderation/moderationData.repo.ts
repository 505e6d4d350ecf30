import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** Whom somebody had moderate their rooms, and what was done about them. */
export class ModerationData implements PersonalData {
  readonly name = 'moderation';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    const { roomModerator, chatMute, accountBan } = this.#database;
    await roomModerator.deleteMany({ where: { OR: [{ hostId: userId }, { userId }] } });
    await chatMute.deleteMany({ where: { userId } });
    await accountBan.deleteMany({ where: { userId } });
    return 'done';
  }

  /** What was done about them is with the audit log's. */
  async *export(hostId: string): AsyncGenerator<ExportedRow> {
    yield* exported('roomModerators', (take, after: { userId: string } | null) =>
      this.#database.roomModerator.findMany({
        where: { hostId, ...(after === null ? {} : { userId: { gt: after.userId } }) },
        orderBy: { userId: 'asc' },
        take,
        select: { userId: true, createdAt: true },
      }),
    );
  }
}
