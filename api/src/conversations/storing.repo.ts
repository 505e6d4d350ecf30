import { newId, Prisma, type MessageKind } from '@maydan/prisma';
import { unreadCause, unreadCauses } from '../notifications/causes.repo.ts';
import { cut, cutFor, lateIds, memberIds, messageColumns, messageJoins } from './columns.repo.ts';

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

/** The statement that numbers and stores one message; no row when it may not be written. Rows are `Stored`. */
export function storing(message: NewMessage): Prisma.Sql {
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
        AND (${replyTo}::uuid IS NULL OR EXISTS (SELECT FROM answered)) AND NOT ${cutFor(senderId)}
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
    SELECT ${messageColumns}, c."kind" AS "conversationKind", ${memberIds}, ${lateIds(Prisma.sql`m."replyToSeq"`)}
    FROM stored m CROSS JOIN (SELECT "kind", ${conversationId}::uuid AS "id" FROM numbered) c ${messageJoins}`;
}

/** A message with the ids that it and what is told of it get. */
export type GivenMessage = NewMessage & { readonly id: string; readonly causeId: string };

/**
 * The same for many messages. Left out, and to be stored one by one, are those that may not be written, those whose `tempId` was
 * used before, and those whose conversation or sender's place in it somebody else is changing: so it waits for nobody,
 * and no two of these statements for each other.
 */
export function storingMany(messages: readonly GivenMessage[]): Prisma.Sql {
  return Prisma.sql`
    WITH wished AS (
      SELECT DISTINCT ON ("senderId", "tempId") * FROM ${tableOf(messages)} ORDER BY "senderId", "tempId", "place"
    ), free AS (
      SELECT w.*, a."seq" AS "replyToSeq" FROM wished w
      JOIN "Conversation" c ON c."id" = w."conversationId" AND c."deletedAt" IS NULL
      JOIN "Member" me ON me."conversationId" = c."id" AND me."userId" = w."senderId"
      LEFT JOIN "Message" a ON a."id" = w."replyTo" AND a."conversationId" = c."id" AND a."seq" > me."fromSeq"
      WHERE (w."replyTo" IS NULL OR a."id" IS NOT NULL) AND NOT ${cut(Prisma.sql`w."senderId"`)}
        AND NOT EXISTS (SELECT FROM "Message" WHERE "senderId" = w."senderId" AND "tempId" = w."tempId")
      FOR NO KEY UPDATE OF c, me SKIP LOCKED
    ), numbered AS (
      UPDATE "Conversation" c SET "lastSeq" = c."lastSeq" + mine."count", "activeAt" = now()
      FROM (SELECT "conversationId", count(*)::int AS "count" FROM free GROUP BY 1) mine
      WHERE c."id" = mine."conversationId"
      RETURNING c."id", c."kind", c."lastSeq" - mine."count" AS "before"
    ), placed AS (
      SELECT free.*, n."kind" AS "conversationKind",
        n."before" + (row_number() OVER (PARTITION BY n."id" ORDER BY free."place"))::int AS "seq"
      FROM free JOIN numbered n ON n."id" = free."conversationId"
    ), seen AS (
      UPDATE "Member" me SET "lastReadSeq" = newest."seq"
      FROM (SELECT "conversationId", "senderId", max("seq") AS "seq" FROM placed GROUP BY 1, 2) newest
      WHERE me."conversationId" = newest."conversationId" AND me."userId" = newest."senderId"
    ), stored AS (
      INSERT INTO "Message" ("id", "conversationId", "seq", "senderId", "tempId", "kind", "text", "replyToSeq", "forwarded")
      SELECT "id", "conversationId", "seq", "senderId", "tempId", "kind", "text", "replyToSeq", "forwarded"
      FROM placed RETURNING *
    ), told AS (${unreadCauses})
    SELECT ${messageColumns}, c."kind" AS "conversationKind", ${memberIds}, ${lateIds(Prisma.sql`m."replyToSeq"`)}
    FROM stored m JOIN numbered c ON c."id" = m."conversationId" ${messageJoins}`;
}

/** The messages as rows, in their "place". */
function tableOf(messages: readonly GivenMessage[]): Prisma.Sql {
  const all = <K extends keyof GivenMessage>(key: K): GivenMessage[K][] =>
    messages.map((message) => message[key]);
  return Prisma.sql`
    unnest(${all('id')}::uuid[], ${all('causeId')}::uuid[], ${all('conversationId')}::uuid[], ${all('senderId')}::uuid[],
      ${all('tempId')}::text[], ${all('kind')}::"MessageKind"[], ${all('text')}::text[], ${all('replyTo')}::uuid[],
      ${all('forwarded')}::boolean[]) WITH ORDINALITY
      AS given("id", "causeId", "conversationId", "senderId", "tempId", "kind", "text", "replyTo", "forwarded", "place")`;
}
