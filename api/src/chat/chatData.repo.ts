import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/** What somebody wrote in chats: the places stay, empty and nobody's. */
export class ChatData implements PersonalData {
  readonly name = 'chat';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.$executeRaw`
      UPDATE "ChatMessage" SET "senderId" = NULL, "text" = '', "pinnedAt" = NULL,
        "deletedAt" = coalesce("deletedAt", now()) WHERE "senderId" = ${userId}::uuid`;
    return 'done';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    yield* exported('chatMessages', (take, after: { id: string } | null) =>
      this.#database.chatMessage.findMany({
        where: { senderId: userId, deletedAt: null, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: { id: true, sessionId: true, text: true, createdAt: true },
      }),
    );
  }
}
