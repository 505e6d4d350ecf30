import { Prisma } from '@maydan/prisma';

/** Columns of `SharedRow`, of "Conversation" c. */
export const sharedColumns = Prisma.sql`
  c."id", c."kind", c."name", c."description", c."avatarId", c."memberCount", c."createdAt", c."updatedAt"`;

/**
 * Columns of `MessageRow`, with `messageJoins`, of "Message" m. A reply shows the beginning of what it answers. Who deleted
 * their account is nobody.
 */
export const messageColumns = Prisma.sql`
  m."id" AS "messageId", m."conversationId", m."seq", m."tempId", m."kind" AS "messageKind", m."text", m."forwarded",
  m."revision", m."createdAt" AS "sentAt", m."editedAt", m."deletedAt" AS "messageDeletedAt",
  s."id" AS "senderId", s."username" AS "senderUsername", s."displayName" AS "senderName",
  r."id" AS "replyId", r."seq" AS "replySeq", r."kind" AS "replyKind", left(r."text", 200) AS "replyText",
  r."deletedAt" AS "replyDeletedAt",
  rs."id" AS "replierId", rs."username" AS "replierUsername", rs."displayName" AS "replierName"`;

/** The answered messages one by one: joined freely, PostgreSQL may read the whole conversation for them. */
export const messageJoins = Prisma.sql`
  LEFT JOIN "User" s ON s."id" = m."senderId" AND s."deletedAt" IS NULL
  LEFT JOIN LATERAL (
    SELECT * FROM "Message" WHERE "conversationId" = m."conversationId" AND "seq" = m."replyToSeq" LIMIT 1) r ON true
  LEFT JOIN "User" rs ON rs."id" = r."senderId" AND rs."deletedAt" IS NULL`;

/** Who is told of the "Conversation" c: null for a public channel. */
export const memberIds = Prisma.sql`
  CASE WHEN c."kind" <> 'publicChannel'
    THEN ARRAY(SELECT "userId" FROM "Member" WHERE "conversationId" = c."id") END AS "memberIds"`;

/** Those of the "Conversation" c who came after the answered message of a number was written; nobody for null. */
export function lateIds(replySeq: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    CASE WHEN ${replySeq} IS NULL OR c."kind" = 'publicChannel' THEN '{}'::uuid[]
      ELSE ARRAY(SELECT "userId" FROM "Member" WHERE "conversationId" = c."id" AND "fromSeq" >= ${replySeq}) END AS "lateIds"`;
}

/**
 * Whether nothing can be written by the user (a uuid) in the direct "Conversation" c: a block lies between the two, or the
 * other is gone. A block is looked for in the row that each message locks and counts on: whoever waited there for it sees it.
 */
export function cut(user: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(c."kind" = 'direct' AND (c."blocked" OR NOT EXISTS (
    SELECT FROM "Member" other JOIN "User" u ON u."id" = other."userId" AND u."deletedAt" IS NULL
    WHERE other."conversationId" = c."id" AND other."userId" <> ${user})))`;
}

export const cutFor = (userId: string): Prisma.Sql => cut(Prisma.sql`${userId}::uuid`);
