-- Messages of a session are numbered once it is known which are stored, so that numbers have no gaps: a trigger that skipped some came too
-- late for that.
DROP TRIGGER "ChatMessage_banned" ON "ChatMessage";
DROP FUNCTION skip_banned_senders();

-- Numbers and stores messages of one session, in their order; answers with those that were stored. Left out is what its sender's tempId was
-- used for before, and what is of people who may not write: banned from the session, muted in it, or their account banned. It is asked
-- behind the lock of the room, and of the senders: each statement of a function sees what was committed before it. Whoever bans or
-- mutes takes one of these locks, too (a ban of an account changes the row of the user).
CREATE FUNCTION "store_chat_messages"(room uuid, ids uuid[], senders uuid[], temp_ids text[], roles text[], texts text[], replies uuid[])
RETURNS TABLE ("id" uuid, "seq" integer, "createdAt" timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO "ChatRoom" ("sessionId") VALUES (room) ON CONFLICT DO NOTHING;
  PERFORM 1 FROM "ChatRoom" WHERE "sessionId" = room FOR UPDATE;
  PERFORM 1 FROM "User" u WHERE u."id" = ANY (senders) ORDER BY u."id" FOR SHARE;
  RETURN QUERY
  WITH fresh AS (
    SELECT t.*, row_number() OVER (ORDER BY t."at") AS "nth", count(*) OVER () AS "count"
    FROM unnest(ids, senders, temp_ids, roles, texts, replies)
      WITH ORDINALITY AS t("id", "senderId", "tempId", "role", "text", "replyToId", "at")
    WHERE NOT EXISTS (SELECT FROM "ChatMessage" m WHERE m."sessionId" = room
        AND m."senderId" = t."senderId" AND m."tempId" = t."tempId")
      AND NOT EXISTS (SELECT FROM "User" u WHERE u."id" = t."senderId" AND u."bannedAt" IS NOT NULL)
      AND NOT EXISTS (SELECT FROM "SessionBan" b WHERE b."sessionId" = room AND b."userId" = t."senderId"
        AND (b."expiresAt" IS NULL OR b."expiresAt" > now()))
      AND NOT EXISTS (SELECT FROM "ChatMute" c WHERE c."sessionId" = room AND c."userId" = t."senderId"
        AND (c."until" IS NULL OR c."until" > now()))
  ), numbered AS (
    UPDATE "ChatRoom" r SET "lastSeq" = r."lastSeq" + f."count"
    FROM (SELECT fresh."count" FROM fresh LIMIT 1) f WHERE r."sessionId" = room
    RETURNING r."lastSeq"
  )
  INSERT INTO "ChatMessage" ("id", "sessionId", "seq", "senderId", "tempId", "role", "text", "replyToId")
  SELECT fresh."id", room, numbered."lastSeq" - fresh."count" + fresh."nth", fresh."senderId",
    fresh."tempId", fresh."role"::"ChatRole", fresh."text", fresh."replyToId"
  FROM fresh, numbered ORDER BY fresh."nth"
  RETURNING "ChatMessage"."id", "ChatMessage"."seq", "ChatMessage"."createdAt"::timestamptz;
END $$;
