import { Prisma } from '@maydan/prisma';

/** Columns of `SharedRow`, of "Conversation" c. */
export const sharedColumns = Prisma.sql`
  c."id", c."kind", c."name", c."description", c."avatarId", c."memberCount", c."createdAt", c."updatedAt"`;

/** Columns of `MessageRow`, with `messageJoins`, of "Message" m. A reply shows the beginning of what it answers. */
export const messageColumns = Prisma.sql`
  m."id" AS "messageId", m."conversationId", m."seq", m."tempId", m."kind" AS "messageKind", m."text", m."forwarded",
  m."revision", m."createdAt" AS "sentAt", m."editedAt", m."deletedAt" AS "messageDeletedAt",
  s."id" AS "senderId", s."username" AS "senderUsername", s."displayName" AS "senderName",
  r."id" AS "replyId", r."seq" AS "replySeq", r."kind" AS "replyKind", left(r."text", 200) AS "replyText",
  r."deletedAt" AS "replyDeletedAt",
  rs."id" AS "replierId", rs."username" AS "replierUsername", rs."displayName" AS "replierName"`;

/** The answered messages one by one: joined freely, PostgreSQL may read the whole conversation for them. */
export const messageJoins = Prisma.sql`
  LEFT JOIN "User" s ON s."id" = m."senderId"
  LEFT JOIN LATERAL (
    SELECT * FROM "Message" WHERE "conversationId" = m."conversationId" AND "seq" = m."replyToSeq" LIMIT 1) r ON true
  LEFT JOIN "User" rs ON rs."id" = r."senderId"`;
