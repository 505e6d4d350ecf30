import type { Database, Prisma } from '@maydan/prisma';
import { exported, type ExportedRow, type PersonalData } from '../personalData/PersonalData.ts';

const messageFields = {
  ...{ id: true, conversationId: true, seq: true, tempId: true, kind: true, text: true, replyToSeq: true },
  ...{ forwarded: true, createdAt: true, editedAt: true },
  media: { orderBy: { position: 'asc' }, select: { mediaId: true } },
} as const satisfies Prisma.MessageSelect;

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
      this.#conversations(userId, take, after),
    );
    yield* exported('channelRemovals', (take, after: { conversationId: string } | null) =>
      this.#database.conversationRemoval.findMany({
        where: { userId, ...(after === null ? {} : { conversationId: { gt: after.conversationId } }) },
        orderBy: { conversationId: 'asc' },
        take,
        select: { conversationId: true, createdAt: true },
      }),
    );
    // By the index that there is, which has almost all of them; the rest are few.
    yield* exported('messages', (take, after: { tempId: string | null } | null) =>
      this.#database.message.findMany({
        where: {
          ...{ senderId: userId, deletedAt: null },
          tempId: after === null ? { not: null } : { gt: after.tempId ?? '' },
        },
        orderBy: { tempId: 'asc' },
        take,
        select: messageFields,
      }),
    );
    yield* exported('messages', (take, after: { id: string } | null) =>
      this.#database.message.findMany({
        where: {
          ...{ senderId: userId, tempId: null, deletedAt: null },
          ...(after === null ? {} : { id: { gt: after.id } }),
        },
        orderBy: { id: 'asc' },
        take,
        select: messageFields,
      }),
    );
  }

  /** With whom a direct one is, unless the person doesn't see it. */
  async #conversations(userId: string, take: number, after: { conversationId: string } | null) {
    const rows = await this.#database.member.findMany({
      where: { userId, ...(after === null ? {} : { conversationId: { gt: after.conversationId } }) },
      orderBy: { conversationId: 'asc' },
      take,
      select: {
        ...{
          conversationId: true,
          role: true,
          joinedAt: true,
          lastReadSeq: true,
          hidden: true,
          fromSeq: true,
        },
        conversation: {
          select: { kind: true, name: true, description: true, pairKey: true, lastSeq: true },
        },
      },
    });
    return rows.map(({ conversation, hidden, fromSeq, ...row }) => {
      const { pairKey, lastSeq, ...fields } = conversation;
      const isSeen = !hidden || lastSeq > fromSeq;
      const other = pairKey?.split(' ').find((id) => id !== userId);
      return { ...row, ...fields, withUserId: isSeen ? (other ?? null) : null };
    });
  }
}
