import { maxHistory } from '@maydan/contracts';
import {
  ask,
  isTaken,
  isUndone,
  newId,
  Prisma,
  type ConversationKind,
  type Database,
  type DatabaseTransaction,
  type MemberRole,
} from '@maydan/prisma';
import { noticeRead } from '../notifications/causes.repo.ts';
import { listedTo, type Viewer } from '../people/blocks.repo.ts';
import { Gathered } from '../limits/Gathered.ts';
import { InTurn } from '../limits/InTurn.ts';
import { cutFor, lateIds, memberIds, messageColumns, messageJoins } from './columns.repo.ts';
import type { SeqRange } from './seqCursor.ts';
import { storing, storingMany, type NewMessage } from './storing.repo.ts';
import type { MessageRow } from './rows.ts';

/** Who is told what happens in a conversation: its members, or (null) those who follow it, of a public channel. */
export interface Circle {
  readonly conversationKind: ConversationKind;
  readonly memberIds: readonly string[] | null;
  /** Those of them who came after what the message answers was written: to them it isn't shown. */
  readonly lateIds: readonly string[];
}

/** What becomes of a message's files in the transaction that stores or deletes it; when it throws, nothing happened. */
export type WithMessage = (transaction: DatabaseTransaction, messageId: string) => Promise<void>;

/** A message that the viewer may see, with what they may do to it. */
export type SeenMessage = MessageRow & {
  readonly conversationKind: ConversationKind;
  readonly role: MemberRole;
  /** The viewer sees messages above this number. */
  readonly fromSeq: number;
  /** In a direct conversation: a block lies between the two, or the other is gone. */
  readonly cut: boolean;
};

/** Somebody sees the messages above `fromSeq`, up to `lastSeq`. */
export interface Bounds {
  readonly fromSeq: number;
  readonly lastSeq: number;
}

/** Where somebody stands in a conversation. */
export interface Standing extends Bounds {
  readonly conversationKind: ConversationKind;
  readonly lastReadSeq: number;
  /** As of `SeenMessage`. */
  readonly cut: boolean;
}

export type Stored = MessageRow & Circle;

/** A read marker moved; the notification that was read with it, if there was one. */
export interface Moved {
  readonly notificationId: string | null;
}

/**
 * What became of a message: null when its sender may not write there, or what it answers isn't there; `duplicate` when the
 * sender's `tempId` was used before.
 */
type Outcome = Stored | 'duplicate' | null;

/** Messages that come within this time are stored together. A delay that nobody notices; one alone is stored at once. */
const paceMs = 15;
/** Messages of one statement at most. */
const mostTogether = 100;
const maxWaiting = 5_000;

/** Messages in PostgreSQL. */
export class MessagesRepo {
  readonly #database: Database;
  readonly #gathered = new Gathered<NewMessage, Outcome>({
    run: (messages) => this.#insertAll(messages),
    inTurn: true,
    most: mostTogether,
    paceMs,
    maxWaiting,
  });
  /** One at a time of a conversation: many of one that all write in don't take all connections. */
  readonly #alone = new InTurn();

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Numbers and stores a message; its sender has read up to it, and the other of a direct conversation is to be told. One
   * statement, for all messages that this process is given at the same time, so that a conversation's row is locked no longer
   * than it takes; with files one transaction.
   */
  async insert(message: NewMessage, attach?: WithMessage): Promise<Outcome> {
    if (attach === undefined) return this.#gathered.run(message);
    return orDuplicate(
      this.#database.$transaction(async (transaction) => {
        const [stored] = await transaction.$queryRaw<Stored[]>(storing(message));
        if (stored !== undefined) await attach(transaction, stored.messageId);
        return stored ?? null;
      }, waits),
    );
  }

  /** The message that somebody sent with this `tempId`, and above which number they see messages there. */
  async findSent(senderId: string, tempId: string): Promise<(MessageRow & { fromSeq: number }) | null> {
    const [row] = await this.#database.$queryRaw<(MessageRow & { fromSeq: number })[]>`
      SELECT ${messageColumns}, coalesce(me."fromSeq", m."seq") AS "fromSeq" FROM "Message" m
      LEFT JOIN "Member" me ON me."conversationId" = m."conversationId" AND me."userId" = m."senderId"
      ${messageJoins} WHERE m."senderId" = ${senderId}::uuid AND m."tempId" = ${tempId}`;
    return row ?? null;
  }

  /** Null when it isn't there for the viewer. */
  async findSeen(viewerId: string, id: string): Promise<SeenMessage | null> {
    const [row] = await this.#database.$queryRaw<SeenMessage[]>`
      SELECT ${messageColumns}, c."kind" AS "conversationKind", me."role", me."fromSeq", ${cutFor(viewerId)} AS "cut"
      FROM "Message" m
      JOIN "Conversation" c ON c."id" = m."conversationId" AND c."deletedAt" IS NULL
      JOIN "Member" me ON me."conversationId" = c."id" AND me."userId" = ${viewerId}::uuid AND me."fromSeq" < m."seq"
      ${messageJoins} WHERE m."id" = ${id}::uuid`;
    return row ?? null;
  }

  /** For whoever moderates: also for who isn't in its conversation. Null when it isn't there. */
  async find(id: string): Promise<MessageRow | null> {
    const [row] = await this.#database.$queryRaw<MessageRow[]>`
      SELECT ${messageColumns} FROM "Message" m
      JOIN "Conversation" c ON c."id" = m."conversationId" AND c."deletedAt" IS NULL
      ${messageJoins} WHERE m."id" = ${id}::uuid`;
    return row ?? null;
  }

  /** Null when the conversation isn't there for the user, or they aren't in it. */
  async standing(userId: string, conversationId: string): Promise<Standing | null> {
    const [row] = await ask<Standing>(
      this.#database,
      Prisma.sql`
      SELECT c."kind" AS "conversationKind", c."lastSeq", me."fromSeq", me."lastReadSeq", ${cutFor(userId)} AS "cut"
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

  /**
   * The messages next below a number (null: the newest ones), the newest first, and what the user sees of the conversation; one
   * statement, as most pages are such. Null when the conversation isn't there for the user, or they aren't in it.
   */
  async below(
    userId: string,
    conversationId: string,
    seq: number | null,
    limit: number,
  ): Promise<{ bounds: Bounds; rows: MessageRow[] } | null> {
    const end = Prisma.sql`least(${seq ?? 2_147_483_647}::int, c."lastSeq" + 1)`;
    const found = await ask<Bounds & (MessageRow | { messageId: null })>(
      this.#database,
      Prisma.sql`
        SELECT c."lastSeq", me."fromSeq", ${messageColumns}
        FROM "Conversation" c
        JOIN "Member" me ON me."conversationId" = c."id" AND me."userId" = ${userId}::uuid
        LEFT JOIN LATERAL (
          SELECT * FROM "Message"
          WHERE "conversationId" = c."id" AND "seq" > me."fromSeq" AND "seq" >= ${end} - ${limit}::int AND "seq" < ${end}
          ORDER BY "seq" DESC LIMIT ${Prisma.raw(String(maxHistory))}
        ) m ON true ${messageJoins}
        WHERE c."id" = ${conversationId}::uuid AND c."deletedAt" IS NULL ORDER BY m."seq" DESC`,
    );
    const [first] = found;
    if (first === undefined) return null;
    return { bounds: first, rows: found.flatMap((row) => (row.messageId === null ? [] : [row])) };
  }

  /**
   * False when nothing was written: it was deleted meanwhile, or a block lies between the two of a direct conversation. A block
   * is written into the conversation's row (`cut`), which this locks: an edit that waited there for a block finds it.
   */
  async edit({ messageId, conversationId }: SeenMessage, userId: string, text: string): Promise<boolean> {
    const edited = await this.#database.$executeRaw`
      WITH open AS (
        SELECT FROM "Conversation" c
        WHERE c."id" = ${conversationId}::uuid AND c."deletedAt" IS NULL AND NOT ${cutFor(userId)} FOR SHARE
      )
      UPDATE "Message" SET "text" = ${text}, "editedAt" = now(), "revision" = "revision" + 1
      FROM open WHERE "id" = ${messageId}::uuid AND "deletedAt" IS NULL`;
    return edited > 0;
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

  /** Who is told of a conversation, perhaps of a message that answers the one of a number. */
  async circle(conversationId: string, replySeq: number | null = null): Promise<Circle | null> {
    const [row] = await this.#database.$queryRaw<Circle[]>`
      SELECT c."kind" AS "conversationKind", ${memberIds}, ${lateIds(Prisma.sql`${replySeq}::int`)}
      FROM "Conversation" c WHERE c."id" = ${conversationId}::uuid`;
    return row ?? null;
  }

  /**
   * All that can be stored without waiting for anybody goes together, the others one by one and each for itself: those of a
   * conversation that is being changed, and those that can't be stored.
   */
  async #insertAll(messages: readonly NewMessage[]): Promise<(Outcome | Promise<Outcome>)[]> {
    const stored = messages.length > 1 ? await this.#insertMany(messages) : [];
    return messages.map((message, index) => stored[index] ?? this.#insertOne(message));
  }

  #insertOne(message: NewMessage): Promise<Outcome> {
    const insert = async () => (await ask<Stored>(this.#database, storing(message)))[0] ?? null;
    return orDuplicate(this.#alone.run(message.conversationId, insert));
  }

  /** Each at the place of its message; undefined: not stored. */
  async #insertMany(messages: readonly NewMessage[]): Promise<(Stored | undefined)[]> {
    const given = messages.map((message) => ({ ...message, id: newId(), causeId: newId() }));
    try {
      const rows = await ask<Stored>(this.#database, storingMany(given));
      const byId = new Map(rows.map((row) => [row.messageId, row]));
      return given.map(({ id }) => byId.get(id));
    } catch (error) {
      // One of them undid them all; by itself each gets the answer that is its own.
      if (isUndone(error)) return [];
      throw error;
    }
  }
}

async function orDuplicate(storing: Promise<Stored | null>): Promise<Outcome> {
  try {
    return await storing;
  } catch (error) {
    if (isTaken(error)) return 'duplicate';
    throw error;
  }
}

/** Many may write in one conversation at once. */
const waits = { timeout: 15_000, maxWait: 5_000 };

async function markDeleted(database: Pick<DatabaseTransaction, 'message'>, id: string): Promise<boolean> {
  const { count } = await database.message.updateMany({
    where: { id, deletedAt: null },
    data: { text: '', deletedAt: new Date(), revision: { increment: 1 } },
  });
  return count > 0;
}
