import { maxHistory } from '@maydan/contracts';
import {
  ask,
  isTaken,
  newId,
  Prisma,
  type ConversationKind,
  type Database,
  type DatabaseTransaction,
  type MemberRole,
  type MessageKind,
} from '@maydan/prisma';
import { noticeRead, unreadCause } from '../notifications/causes.repo.ts';
import { listedTo, type Viewer } from '../people/blocks.repo.ts';
import { messageColumns, messageJoins } from './columns.repo.ts';
import type { SeqRange } from './seqCursor.ts';
import type { MessageRow } from './rows.ts';

/** Who is told what happens in a conversation: its members, or (null) those who follow it, of a public channel. */
export interface Circle {
  readonly conversationKind: ConversationKind;
  readonly memberIds: readonly string[] | null;
}

export interface NewMessage {
  readonly conversationId: string;
  readonly senderId: string;
  readonly tempId: string;
  readonly kind: MessageKind;
  readonly text: string;
  /** Id of the answered message. */
  readonly replyTo: string | null;
  readonly forwarded: boolean;
}

/** What becomes of a message's files in the transaction that stores or deletes it; when it throws, nothing happened. */
export type WithMessage = (transaction: DatabaseTransaction, messageId: string) => Promise<void>;

/** A message that the viewer may see, with what they may do to it. */
export type SeenMessage = MessageRow & {
  readonly conversationKind: ConversationKind;
  readonly role: MemberRole;
  /** In a direct conversation: a block lies between the two, or the other is gone. */
  readonly cut: boolean;
};

/** Where somebody stands in a conversation. */
export interface Standing {
  readonly conversationKind: ConversationKind;
  readonly fromSeq: number;
  readonly lastReadSeq: number;
  readonly lastSeq: number;
  /** As of `SeenMessage`. */
  readonly cut: boolean;
}

export type Stored = MessageRow & Circle;

/** A read marker moved; the notification that was read with it, if there was one. */
export interface Moved {
  readonly notificationId: string | null;
}

/** Messages in PostgreSQL. */
export class MessagesRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Numbers and stores a message; its sender has read up to it, and the other of a direct conversation is to be told. One
   * statement, so that the conversation's row is locked no longer than it takes; with files one transaction. Null when the
   * sender may not write there, or what it answers isn't there; `duplicate` when the sender's `tempId` was used before.
   */
  async insert(message: NewMessage, attach?: WithMessage): Promise<Stored | 'duplicate' | null> {
    try {
      if (attach === undefined) return (await ask<Stored>(this.#database, storing(message)))[0] ?? null;
      return await this.#database.$transaction(async (transaction) => {
        const [stored] = await transaction.$queryRaw<Stored[]>(storing(message));
        if (stored !== undefined) await attach(transaction, stored.messageId);
        return stored ?? null;
      }, waits);
    } catch (error) {
      if (isTaken(error)) return 'duplicate';
      throw error;
    }
  }

  /** The message that somebody sent with this `tempId`. */
  findSent(senderId: string, tempId: string): Promise<MessageRow | null> {
    return this.#one(Prisma.sql`m."senderId" = ${senderId}::uuid AND m."tempId" = ${tempId}`);
  }

  /** Null when it isn't there for the viewer. */
  async findSeen(viewerId: string, id: string): Promise<SeenMessage | null> {
    const [row] = await this.#database.$queryRaw<SeenMessage[]>`
      SELECT ${messageColumns}, c."kind" AS "conversationKind", me."role", ${cut(viewerId)} AS "cut"
      FROM "Message" m
      JOIN "Conversation" c ON c."id" = m."conversationId" AND c."deletedAt" IS NULL
      JOIN "Member" me ON me."conversationId" = c."id" AND me."userId" = ${viewerId}::uuid AND me."fromSeq" < m."seq"
      ${messageJoins} WHERE m."id" = ${id}::uuid`;
    return row ?? null;
  }

  /** Null when the conversation isn't there for the user, or they aren't in it. */
  async standing(userId: string, conversationId: string): Promise<Standing | null> {
    const [row] = await ask<Standing>(
      this.#database,
      Prisma.sql`
      SELECT c."kind" AS "conversationKind", c."lastSeq", me."fromSeq", me."lastReadSeq", ${cut(userId)} AS "cut"
      FROM "Conversation" c
      JOIN "Member" me ON me."conversationId" = c."id" AND me."userId" = ${userId}::uuid
      WHERE c."id" = ${conversationId}::uuid AND c."deletedAt" IS NULL`,
    );
    return row ?? null;
  }

  /**
   * Of a conversation, the newest first, at most `maxHistory`. The limit also tells PostgreSQL, which plans for any range, how
   * few they are: it would read all users for them otherwise.
   */
  range(conversationId: string, { first, last }: SeqRange): Promise<MessageRow[]> {
    return ask<MessageRow>(
      this.#database,
      Prisma.sql`
        SELECT ${messageColumns} FROM (
          SELECT * FROM "Message"
          WHERE "conversationId" = ${conversationId}::uuid AND "seq" BETWEEN ${first} AND ${last}
          ORDER BY "seq" DESC LIMIT ${Prisma.raw(String(maxHistory))}
        ) m ${messageJoins}
        ORDER BY m."seq" DESC`,
    );
  }

  /** False when it was deleted meanwhile. */
  async edit(id: string, text: string): Promise<boolean> {
    const { count } = await this.#database.message.updateMany({
      where: { id, deletedAt: null },
      data: { text, editedAt: new Date(), revision: { increment: 1 } },
    });
    return count > 0;
  }

  /** Its place stays. False when it was deleted before. */
  async delete(id: string, detach?: WithMessage): Promise<boolean> {
    if (detach === undefined) return markDeleted(this.#database, id);
    return this.#database.$transaction(async (transaction) => {
      const deleted = await markDeleted(transaction, id);
      if (deleted) await detach(transaction, id);
      return deleted;
    }, waits);
  }

  /**
   * Moves the marker forwards, no further than the newest message; the notification of a direct conversation is read with it.
   * Null when the marker was there already.
   */
  async read(userId: string, conversationId: string, seq: number): Promise<Moved | null> {
    const [row] = await this.#database.$queryRaw<Moved[]>`
      WITH moved AS (
        UPDATE "Member" me SET "lastReadSeq" = least(${seq}::int, c."lastSeq") FROM "Conversation" c
        WHERE c."id" = ${conversationId}::uuid AND me."conversationId" = c."id" AND me."userId" = ${userId}::uuid
          AND me."lastReadSeq" < least(${seq}::int, c."lastSeq")
        RETURNING c."kind"
      ), noticed AS (${noticeRead(conversationId, userId)})
      SELECT (SELECT "id" FROM noticed) AS "notificationId" FROM moved`;
    return row ?? null;
  }

  /** Who has read a message, as far as the viewer sees them, in the order in which they came to Maydan. */
  readers(
    { conversationId, seq, senderId }: Pick<MessageRow, 'conversationId' | 'seq' | 'senderId'>,
    viewer: Viewer,
  ) {
    return this.#database.user.findMany({
      where: {
        ...(senderId === null ? {} : { id: { not: senderId } }),
        ...listedTo(viewer),
        memberships: { some: { conversationId, fromSeq: { lt: seq }, lastReadSeq: { gte: seq } } },
      },
      orderBy: { id: 'asc' },
      select: { id: true, username: true, displayName: true },
    });
  }

  /** Who is told of a conversation. */
  async circle(conversationId: string): Promise<Circle | null> {
    const [row] = await this.#database.$queryRaw<Circle[]>`
      SELECT c."kind" AS "conversationKind", ${memberIds} FROM "Conversation" c WHERE c."id" = ${conversationId}::uuid`;
    return row ?? null;
  }

  async #one(where: Prisma.Sql): Promise<MessageRow | null> {
    const [row] = await this.#database.$queryRaw<MessageRow[]>`
      SELECT ${messageColumns} FROM "Message" m ${messageJoins} WHERE ${where}`;
    return row ?? null;
  }
}

/** Many may write in one conversation at once. */
const waits = { timeout: 15_000, maxWait: 5_000 };

function storing(message: NewMessage): Prisma.Sql {
  const { conversationId, senderId, tempId, kind, text, replyTo, forwarded } = message;
  return Prisma.sql`
    WITH me AS (
      SELECT "fromSeq" FROM "Member"
      WHERE "conversationId" = ${conversationId}::uuid AND "userId" = ${senderId}::uuid
    ), answered AS (
      SELECT "seq" FROM "Message", me
      WHERE "id" = ${replyTo}::uuid AND "conversationId" = ${conversationId}::uuid AND "seq" > me."fromSeq"
    ), numbered AS (
      UPDATE "Conversation" c SET "lastSeq" = c."lastSeq" + 1, "activeAt" = now()
      WHERE c."id" = ${conversationId}::uuid AND c."deletedAt" IS NULL AND EXISTS (SELECT FROM me)
        AND (${replyTo}::uuid IS NULL OR EXISTS (SELECT FROM answered)) AND NOT ${cut(senderId)}
      RETURNING c."lastSeq" AS "seq", c."kind"
    ), seen AS (
      UPDATE "Member" SET "lastReadSeq" = numbered."seq" FROM numbered
      WHERE "conversationId" = ${conversationId}::uuid AND "userId" = ${senderId}::uuid
    ), stored AS (
      INSERT INTO "Message" ("id", "conversationId", "seq", "senderId", "tempId", "kind", "text", "replyToSeq", "forwarded")
      SELECT ${newId()}::uuid, ${conversationId}::uuid, numbered."seq", ${senderId}::uuid, ${tempId},
        ${kind}::"MessageKind", ${text}, (SELECT "seq" FROM answered), ${forwarded}
      FROM numbered RETURNING *
    ), told AS (${unreadCause(conversationId, senderId)})
    SELECT ${messageColumns}, c."kind" AS "conversationKind", ${memberIds}
    FROM stored m CROSS JOIN (SELECT "kind", ${conversationId}::uuid AS "id" FROM numbered) c ${messageJoins}`;
}

async function markDeleted(database: Pick<DatabaseTransaction, 'message'>, id: string): Promise<boolean> {
  const { count } = await database.message.updateMany({
    where: { id, deletedAt: null },
    data: { text: '', deletedAt: new Date(), revision: { increment: 1 } },
  });
  return count > 0;
}

/** Of "Conversation" c. */
const memberIds = Prisma.sql`
  CASE WHEN c."kind" <> 'publicChannel'
    THEN ARRAY(SELECT "userId" FROM "Member" WHERE "conversationId" = c."id") END AS "memberIds"`;

/** Whether nothing can be written in the direct "Conversation" c: a block lies between the two, or the other is gone. */
function cut(userId: string): Prisma.Sql {
  return Prisma.sql`(c."kind" = 'direct' AND NOT EXISTS (
    SELECT FROM "Member" other JOIN "User" u ON u."id" = other."userId" AND u."deletedAt" IS NULL
    WHERE other."conversationId" = c."id" AND other."userId" <> ${userId}::uuid
      AND NOT EXISTS (
        SELECT FROM "Block" WHERE "blockerId" = other."userId" AND "blockedId" = ${userId}::uuid
        UNION ALL SELECT FROM "Block" WHERE "blockerId" = ${userId}::uuid AND "blockedId" = other."userId")))`;
}
