import type { Database } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

/**
 * Who is gone leaves groups and channels, whose ownership is handed over by the triggers of their migration. In direct
 * conversations the place stays, as nobody's: the other person's history needs it. Messages stay, from nobody.
 */
export class ConversationsData implements PersonalData {
  readonly name = 'conversations';
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async erase(userId: string): Promise<'done'> {
    await this.#database.member.deleteMany({ where: { userId, conversation: { kind: { not: 'direct' } } } });
    await this.#database.conversationRemoval.deleteMany({ where: { userId } });
    return 'done';
  }

  async *export(userId: string): AsyncGenerator<ExportedRow> {
    yield* exported('conversations', (take, after: { conversationId: string } | null) =>
      this.#database.member.findMany({
        where: { userId, ...(after === null ? {} : { conversationId: { gt: after.conversationId } }) },
        orderBy: { conversationId: 'asc' },
        take,
        select: {
          ...{ conversationId: true, role: true, joinedAt: true },
          conversation: { select: { kind: true, name: true, description: true } },
        },
      }),
    );
    yield* exported('messages', (take, after: { id: string } | null) =>
      this.#database.message.findMany({
        where: { senderId: userId, deletedAt: null, ...(after === null ? {} : { id: { gt: after.id } }) },
        orderBy: { id: 'asc' },
        take,
        select: { id: true, conversationId: true, kind: true, text: true, createdAt: true, editedAt: true },
      }),
    );
  }
}
