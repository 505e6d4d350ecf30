import { newId, Prisma, type DatabaseTransaction } from '@maydan/prisma';
import type { Cause } from './causes.ts';

/**
 * Writes down, in the transaction of what happened, that people are to be told of it: both are there, or neither. What
 * was written before under the key stays. Wake the outbox once the transaction is committed; without that it looks by itself.
 */
export async function notify(transaction: DatabaseTransaction, cause: Cause): Promise<void> {
  await transaction.notificationCause.createMany({ data: { id: newId(), ...cause }, skipDuplicates: true });
}

/** The same for something that happens later, if it does: until then nobody is told. */
export async function notifyAt(transaction: DatabaseTransaction, cause: Cause, at: Date): Promise<void> {
  const data = { id: newId(), ...cause, createdAt: at, dueAt: at };
  await transaction.notificationCause.createMany({ data, skipDuplicates: true });
}

/**
 * For the statement that stores a message, with its row `numbered` ("kind"): in a direct conversation the other person is to
 * be told, once until they have read on. Not at once: who has the conversation open reads it by then, and isn't told.
 */
export function unreadCause(conversationId: string, senderId: string): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO "NotificationCause" ("key", "id", "type", "userId", "actorId", "groupKey", "data", "dueAt")
    SELECT ${groupKeyOf(conversationId)}::text || ':' || other."userId" || ':' || other."lastReadSeq", ${newId()}::uuid,
      'message'::"NotificationType", other."userId", ${senderId}::uuid, ${groupKeyOf(conversationId)}::text,
      jsonb_build_object('conversationId', ${conversationId}::uuid), now() + interval '3 seconds'
    FROM numbered CROSS JOIN LATERAL (
      SELECT "userId", "lastReadSeq" FROM "Member"
      WHERE numbered."kind" = 'direct' AND "conversationId" = ${conversationId}::uuid AND "userId" <> ${senderId}::uuid
      LIMIT 1) other
    ON CONFLICT DO NOTHING`;
}

/** The same for the statement that stores many, with its rows `placed` ("conversationId", "senderId", "conversationKind", "causeId"). */
export const unreadCauses = Prisma.sql`
  INSERT INTO "NotificationCause" ("key", "id", "type", "userId", "actorId", "groupKey", "data", "dueAt")
  SELECT "key", "causeId", 'message'::"NotificationType", "userId", "senderId", "groupKey",
    jsonb_build_object('conversationId', "conversationId"), now() + interval '3 seconds'
  FROM placed CROSS JOIN LATERAL (SELECT 'message:' || "conversationId"::text AS "groupKey") AS named
  CROSS JOIN LATERAL (
    SELECT "userId", named."groupKey" || ':' || "userId"::text || ':' || "lastReadSeq"::text AS "key" FROM "Member"
    WHERE "conversationKind" = 'direct' AND "conversationId" = placed."conversationId" AND "userId" <> "senderId"
    LIMIT 1) other
  -- Of those that are there already, one may be changing: it isn't waited for.
  WHERE NOT EXISTS (SELECT FROM "NotificationCause" there WHERE there."key" = other."key")
  ON CONFLICT DO NOTHING`;

/** For the statement that moves somebody's read marker, with its row `moved` ("kind"): with the conversation its notification is read. */
export function noticeRead(conversationId: string, userId: string): Prisma.Sql {
  return Prisma.sql`
    UPDATE "Notification" SET "readAt" = now(), "openKey" = NULL, "pushAt" = NULL FROM moved
    WHERE moved."kind" = 'direct' AND "userId" = ${userId}::uuid AND "openKey" = ${groupKeyOf(conversationId)}::text
    RETURNING "id"`;
}

function groupKeyOf(conversationId: string): string {
  return `message:${conversationId}`;
}
