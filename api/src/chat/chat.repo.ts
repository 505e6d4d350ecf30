import type { ChatRules } from '@maydan/contracts';
import {
  ask,
  isTaken,
  Prisma,
  type ChatRole,
  type Database,
  type DatabaseTransaction,
  type Role,
  type SeatState,
  type SessionState,
} from '@maydan/prisma';
import type { Also } from '../audit/audit.repo.ts';
import type { Viewer } from '../people/blocks.repo.ts';
import { chatRoomWaits, lockChatRoom } from './chatRoomLock.repo.ts';
import { subscribesSql } from '../people/subscribers.repo.ts';
import { defaultRules } from './chatRules.ts';

/** A message with its sender and what it answers. */
export interface ChatRow {
  readonly id: string;
  readonly seq: number;
  readonly role: ChatRole;
  readonly text: string;
  readonly createdAt: Date;
  readonly deletedAt: Date | null;
  readonly isPinned: boolean;
  readonly senderId: string | null;
  readonly senderUsername: string | null;
  readonly senderName: string | null;
  readonly replyId: string | null;
  readonly replySeq: number | null;
  readonly replyText: string | null;
  readonly replierId: string | null;
  readonly replierUsername: string | null;
  readonly replierName: string | null;
}

/** Where somebody stands who wants to write, and the settings they meet. */
export type Standing = ChatRules & {
  readonly hostId: string;
  readonly state: SessionState;
  readonly userRole: Role;
  readonly username: string;
  readonly displayName: string;
  readonly isVerified: boolean;
  readonly isClosed: boolean;
  readonly isBanned: boolean;
  /** By the host's appointment. */
  readonly isModerator: boolean;
  readonly isMuted: boolean;
  /** Null while muted: until it is lifted. */
  readonly mutedUntil: Date | null;
  /** A block lies between them and the host. */
  readonly isCut: boolean;
  readonly followsSince: Date | null;
  /** Admitted by the host, and that isn't over. */
  readonly isSubscriber: boolean;
  readonly seat: SeatState | null;
  /** The message that was stored with this `tempId`. */
  readonly sentId: string | null;
} & Pick<ChatRow, 'replyId' | 'replySeq' | 'replyText' | 'replierId' | 'replierUsername' | 'replierName'>;

export interface StandingWish {
  readonly sessionId: string;
  readonly userId: string;
  readonly tempId: string;
  readonly replyTo: string | null;
}

export interface NewChatMessage {
  readonly id: string;
  readonly sessionId: string;
  readonly senderId: string;
  readonly tempId: string;
  readonly role: ChatRole;
  readonly text: string;
  readonly replyToId: string | null;
}

export interface Stored {
  readonly id: string;
  readonly seq: number;
  readonly createdAt: Date;
}

export type Place = Pick<Standing, 'isBanned' | 'isModerator'>;

/** Who asks, and by how much what viewers write comes later to them: 0 for the host and moderators. */
export interface Reader {
  readonly viewer: Viewer;
  readonly delaySec: number;
}

const maxStale = 3;

/** The chats of sessions in PostgreSQL. */
export class ChatRepo {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Null without such a session. */
  async standing({ sessionId, userId, tempId, replyTo }: StandingWish): Promise<Standing | null> {
    const [row] = await ask<Standing & { lastSeq: number | null }>(
      this.#database,
      Prisma.sql`
      SELECT s."hostId", s."state", u."role" AS "userRole", u."username", u."displayName", c.*,
        (u."phone" IS NOT NULL OR u."googleSubject" IS NOT NULL) AS "isVerified", u."bannedAt" IS NOT NULL AS "isClosed",
        EXISTS (SELECT FROM "SessionBan" b WHERE b."sessionId" = s."id" AND b."userId" = u."id"
          AND (b."expiresAt" IS NULL OR b."expiresAt" > now())) AS "isBanned",
        EXISTS (SELECT FROM "RoomModerator" rm WHERE rm."hostId" = s."hostId" AND rm."userId" = u."id") AS "isModerator",
        mute."userId" IS NOT NULL AS "isMuted", mute."until" AS "mutedUntil",
        (h."bannedAt" IS NOT NULL OR ${betweenSql(Prisma.sql`s."hostId"`, Prisma.sql`u."id"`)}) AS "isCut",
        f."createdAt" AS "followsSince", ${subscribesSql(Prisma.sql`s."hostId"`, Prisma.sql`u."id"`)} AS "isSubscriber", seat."state" AS "seat", sent."id" AS "sentId",
        r."id" AS "replyId", r."seq" AS "replySeq", left(r."text", 100) AS "replyText",
        rs."id" AS "replierId", rs."username" AS "replierUsername", rs."displayName" AS "replierName"
      FROM "Session" s JOIN "User" u ON u."id" = ${userId}::uuid JOIN "User" h ON h."id" = s."hostId"
      LEFT JOIN "ChatRoom" c ON c."sessionId" = s."id"
      LEFT JOIN "Follow" f ON f."followerId" = u."id" AND f."followeeId" = s."hostId"
      LEFT JOIN "ChatMute" mute ON mute."sessionId" = s."id" AND mute."userId" = u."id"
        AND (mute."until" IS NULL OR mute."until" > now())
      LEFT JOIN "StageSeat" seat ON seat."sessionId" = s."id" AND seat."userId" = u."id"
      LEFT JOIN "ChatMessage" sent ON sent."sessionId" = s."id" AND sent."senderId" = u."id" AND sent."tempId" = ${tempId}
      LEFT JOIN "ChatMessage" r ON r."id" = ${replyTo}::uuid AND r."sessionId" = s."id" AND r."deletedAt" IS NULL
        AND NOT ${betweenSql(Prisma.sql`r."senderId"`, Prisma.sql`u."id"`)}
      LEFT JOIN "User" rs ON rs."id" = r."senderId"
      WHERE s."id" = ${sessionId}::uuid`,
    );
    if (row === undefined) return null;
    return row.lastSeq === null ? { ...row, ...defaultRules } : row;
  }

  /**
   * Numbers and stores messages of one session, in their order: one statement, so that the room's row is locked no longer
   * than it takes. What its sender's `tempId` was used for before is left out of the answer, which is by id, as is what is of
   * people who were banned or muted meanwhile: it gets no number.
   */
  async insert(sessionId: string, messages: readonly NewChatMessage[]): Promise<Map<string, Stored>> {
    for (let attempt = 1; ; attempt++) {
      try {
        const rows = await this.#insert(sessionId, messages);
        return new Map(rows.map((row) => [row.id, row]));
      } catch (error) {
        // Another process stored one of them in between: the next attempt sees it.
        if (attempt === maxStale || !isTaken(error)) throw error;
      }
    }
  }

  #insert(sessionId: string, messages: readonly NewChatMessage[]): Promise<Stored[]> {
    const column = <K extends keyof NewChatMessage>(key: K): NewChatMessage[K][] =>
      messages.map((message) => message[key]);
    return ask<Stored>(
      this.#database,
      Prisma.sql`
      SELECT * FROM "store_chat_messages"(${sessionId}::uuid, ${column('id')}::uuid[], ${column('senderId')}::uuid[],
        ${column('tempId')}::text[], ${column('role')}::text[], ${column('text')}::text[], ${column('replyToId')}::uuid[])`,
    );
  }

  /** Null when there is none of this id in the session. */
  find(sessionId: string, id: string): Promise<ChatRow | null> {
    return this.#one(Prisma.sql`m."sessionId" = ${sessionId}::uuid AND m."id" = ${id}::uuid`);
  }

  findSent(sessionId: string, senderId: string, tempId: string): Promise<ChatRow | null> {
    return this.#one(
      Prisma.sql`m."sessionId" = ${sessionId}::uuid AND m."senderId" = ${senderId}::uuid AND m."tempId" = ${tempId}`,
    );
  }

  /** Messages that the reader sees: older than `before`, the newest first; or newer than `after`, the oldest first. */
  async page(
    sessionId: string,
    position: { readonly before: number } | { readonly after: number },
    reader: Reader,
    take: number,
  ): Promise<ChatRow[]> {
    const where =
      'before' in position
        ? Prisma.sql`m."seq" < ${position.before} ORDER BY m."seq" DESC`
        : Prisma.sql`m."seq" > ${position.after} ORDER BY m."seq"`;
    return this.#database.$queryRaw<ChatRow[]>`
      SELECT ${columns} FROM "ChatMessage" m ${joins}
      WHERE m."sessionId" = ${sessionId}::uuid AND ${seenBy(reader)} AND ${where} LIMIT ${take}`;
  }

  /** The newest pin first. */
  pins(sessionId: string, reader: Reader): Promise<ChatRow[]> {
    return this.#database.$queryRaw<ChatRow[]>`
      SELECT ${columns} FROM "ChatMessage" m ${joins}
      WHERE m."sessionId" = ${sessionId}::uuid AND m."pinnedAt" IS NOT NULL AND m."deletedAt" IS NULL AND ${seenBy(reader)}
      ORDER BY m."pinnedAt" DESC LIMIT 10`;
  }

  /** Its text is gone for all, and its pin; its place stays. False when it was deleted before. */
  delete(id: string, byId: string, also?: Also): Promise<boolean> {
    return this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.chatMessage.updateMany({
        where: { id, deletedAt: null },
        data: { text: '', deletedAt: new Date(), deletedById: byId, pinnedAt: null },
      });
      if (count > 0) await also?.(transaction);
      return count > 0;
    });
  }

  /** All that somebody wrote in a session. */
  async deleteOf(sessionId: string, senderId: string, byId: string | null): Promise<number> {
    return this.#database.$transaction(async (transaction) => {
      // Messages that are being stored are there then; the database takes none that come later.
      await lockChatRoom(transaction, sessionId);
      const { count } = await transaction.chatMessage.updateMany({
        where: { sessionId, senderId, deletedAt: null },
        data: { text: '', deletedAt: new Date(), deletedById: byId, pinnedAt: null },
      });
      return count;
    }, chatRoomWaits);
  }

  /** False when it isn't there (any more), or `max` are pinned; again it changes nothing. */
  pin(sessionId: string, id: string, max: number, also?: Also): Promise<'pinned' | 'gone' | 'full'> {
    return this.#database.$transaction(async (transaction) => {
      await lockRoom(transaction, sessionId);
      const where = { id, sessionId, deletedAt: null };
      const found = await transaction.chatMessage.findFirst({ where, select: { pinnedAt: true } });
      if (found === null) return 'gone';
      if (found.pinnedAt !== null) return 'pinned';
      const count = await transaction.chatMessage.count({ where: { sessionId, pinnedAt: { not: null } } });
      if (count >= max) return 'full';
      await transaction.chatMessage.updateMany({ where, data: { pinnedAt: new Date() } });
      await also?.(transaction);
      return 'pinned';
    });
  }

  unpin(sessionId: string, id: string, also?: Also): Promise<void> {
    return this.#database.$transaction(async (transaction) => {
      const where = { sessionId, id, pinnedAt: { not: null } };
      const { count } = await transaction.chatMessage.updateMany({ where, data: { pinnedAt: null } });
      if (count > 0) await also?.(transaction);
    });
  }

  async rules(sessionId: string): Promise<ChatRules> {
    const row = await this.#database.chatRoom.findUnique({
      where: { sessionId },
      omit: { sessionId: true, lastSeq: true },
    });
    return row ?? defaultRules;
  }

  setRules(sessionId: string, changes: Partial<ChatRules>, also?: Also): Promise<ChatRules> {
    return this.#database.$transaction(async (transaction) => {
      const rules = await transaction.chatRoom.upsert({
        where: { sessionId },
        create: { sessionId, ...changes },
        update: changes,
        omit: { sessionId: true, lastSeq: true },
      });
      await also?.(transaction);
      return rules;
    });
  }

  /** How a host's room stands to somebody. */
  async place({ id, hostId }: { id: string; hostId: string }, userId: string): Promise<Place> {
    const [place] = await ask<Place>(
      this.#database,
      Prisma.sql`
      SELECT EXISTS (SELECT FROM "SessionBan" WHERE "sessionId" = ${id}::uuid AND "userId" = ${userId}::uuid
          AND ("expiresAt" IS NULL OR "expiresAt" > now())) AS "isBanned",
        EXISTS (SELECT FROM "RoomModerator" WHERE "hostId" = ${hostId}::uuid AND "userId" = ${userId}::uuid) AS "isModerator"`,
    );
    return place ?? { isBanned: false, isModerator: false };
  }

  async #one(where: Prisma.Sql): Promise<ChatRow | null> {
    const [row] = await this.#database.$queryRaw<
      ChatRow[]
    >`SELECT ${columns} FROM "ChatMessage" m ${joins} WHERE ${where}`;
    return row ?? null;
  }
}

const columns = Prisma.sql`
  m."id", m."seq", m."role", m."text", m."createdAt", m."deletedAt",
  m."pinnedAt" IS NOT NULL AS "isPinned",
  s."id" AS "senderId", s."username" AS "senderUsername", s."displayName" AS "senderName",
  r."id" AS "replyId", r."seq" AS "replySeq", left(r."text", 100) AS "replyText",
  rs."id" AS "replierId", rs."username" AS "replierUsername", rs."displayName" AS "replierName"`;
const joins = Prisma.sql`
  LEFT JOIN "User" s ON s."id" = m."senderId"
  LEFT JOIN LATERAL (SELECT * FROM "ChatMessage" WHERE "id" = m."replyToId" LIMIT 1) r ON true
  LEFT JOIN "User" rs ON rs."id" = r."senderId"`;

/** Whether one of two users blocks the other. */
function betweenSql(one: Prisma.Sql, other: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`EXISTS (
    SELECT FROM "Block" WHERE "blockerId" = ${one} AND "blockedId" = ${other}
    UNION ALL SELECT FROM "Block" WHERE "blockerId" = ${other} AND "blockedId" = ${one})`;
}

/** Of "ChatMessage" m. Moderators and admins see everybody. */
function seenBy({ viewer, delaySec }: Reader): Prisma.Sql {
  const old = Prisma.sql`m."createdAt" <= now() - make_interval(secs => ${delaySec}::double precision)`;
  const late =
    delaySec === 0
      ? Prisma.sql`TRUE`
      : Prisma.sql`(m."role" <> 'viewer' OR m."senderId" = ${viewer?.id ?? null}::uuid OR ${old})`;
  if (viewer === null || viewer.role !== 'user') return late;
  const me = Prisma.sql`${viewer.id}::uuid`;
  return Prisma.sql`(${late} AND (m."senderId" IS NULL OR NOT ${betweenSql(Prisma.sql`m."senderId"`, me)}))`;
}

/** Until the transaction ends, others that lock the room wait. */
async function lockRoom(transaction: DatabaseTransaction, sessionId: string): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(820121, hashtext(${sessionId}))`;
}
