-- Gifts that come at the same time are written together: one transaction, one wait for the disk. Each has its own outcome.
CREATE TYPE "gift_wish" AS (
  "id" uuid, "userId" uuid, "key" text, "hash" text, "answer" jsonb, "coins" bigint, "commission" bigint,
  "wallet" uuid, "receiving" uuid, "platform" uuid, "causeId" uuid, "causeKey" text, "causeGroup" text, "causeData" jsonb
);

-- Keys, entries, postings, gifts, news and causes of many gifts, in their order. A row for each that was written ("written") and
-- for each whose key was taken before (not "written"). No row: the wallet has not enough for it after those before it; then
-- nothing of it is left, its key neither. Keys are taken first, then accounts are locked in the order of their ids, as by all
-- who write to the ledger. "told": causes that are new. `together`: who has to wait long for somebody gives up (55P03).
CREATE FUNCTION "send_gifts"(given jsonb, together boolean)
RETURNS TABLE ("id" uuid, "written" boolean, "told" integer) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  wishes "gift_wish"[];
  accounts uuid[];
  claimed uuid[];
  accepted uuid[];
  causes integer := 0;
BEGIN
  IF together THEN PERFORM set_config('lock_timeout', '250ms', true); END IF;
  SELECT array_agg(w) INTO wishes FROM jsonb_populate_recordset(NULL::"gift_wish", given) AS w;

  WITH made AS (
    INSERT INTO "IdempotencyKey" ("userId", "key", "operation", "requestHash", "answer")
    SELECT w."userId", w."key", 'gift', w."hash", w."answer" FROM unnest(wishes) WITH ORDINALITY AS w
    ORDER BY w."userId", w."key", w."ordinality"
    ON CONFLICT DO NOTHING RETURNING ("answer" ->> 'id')::uuid AS "made")
  SELECT coalesce(array_agg("made"), '{}') INTO claimed FROM made;

  SELECT array_agg(DISTINCT a."account") INTO accounts FROM unnest(wishes) AS w
    CROSS JOIN LATERAL (VALUES (w."wallet"), (w."receiving"), (w."platform")) AS a("account") WHERE w."id" = ANY (claimed);
  PERFORM FROM "LedgerAccount" WHERE "id" = ANY (accounts) ORDER BY "id" FOR NO KEY UPDATE;

  SELECT coalesce(array_agg(f."id"), '{}') INTO accepted FROM (
    SELECT w."id", sum(w."coins") OVER (PARTITION BY w."wallet" ORDER BY w."ordinality") <= p."balance" AS "fits"
    FROM unnest(wishes) WITH ORDINALITY AS w JOIN "LedgerAccount" p ON p."id" = w."wallet" WHERE w."id" = ANY (claimed)) AS f
  WHERE f."fits";
  IF cardinality(accepted) < cardinality(claimed) THEN
    DELETE FROM "IdempotencyKey" k USING unnest(wishes) AS w
    WHERE k."userId" = w."userId" AND k."key" = w."key" AND w."id" = ANY (claimed) AND w."id" <> ALL (accepted);
  END IF;

  IF cardinality(accepted) > 0 THEN
    WITH gifts AS MATERIALIZED (
      SELECT w.*, (w."answer" ->> 'at')::timestamptz AS "at", (w."answer" #>> '{recipient,id}')::uuid AS "recipientId"
      FROM unnest(wishes) WITH ORDINALITY AS w WHERE w."id" = ANY (accepted) ORDER BY w."ordinality"),
    entries AS (
      INSERT INTO "LedgerEntry" ("id", "kind", "ref", "postings", "at")
      SELECT "id", 'gift', 'gift:' || "id", 1 + ("commission" <> 0)::int + ("coins" <> "commission")::int, "at" FROM gifts),
    posted AS (
      INSERT INTO "LedgerPosting" ("entryId", "accountId", "amount")
      SELECT g."id", p."account", p."amount" FROM gifts g CROSS JOIN LATERAL (VALUES
        (g."wallet", -g."coins"), (g."receiving", g."coins" - g."commission"), (g."platform", g."commission")) AS p("account", "amount")
      WHERE p."amount" <> 0),
    sent AS (
      INSERT INTO "SentGift" ("id", "sessionId", "senderId", "recipientId", "giftId", "quantity", "coins", "commission", "message", "at")
      SELECT "id", ("answer" ->> 'sessionId')::uuid, "userId", "recipientId", ("answer" #>> '{gift,id}')::uuid,
        ("answer" ->> 'quantity')::int, "coins", "commission", "answer" ->> 'message', "at" FROM gifts),
    news AS (INSERT INTO "GiftNews" ("id", "giftId") SELECT "id", "id" FROM gifts),
    noted AS (
      INSERT INTO "NotificationCause" ("key", "id", "type", "userId", "actorId", "groupKey", "data")
      SELECT "causeKey", "causeId", 'gift', "recipientId", "userId", "causeGroup", "causeData" FROM gifts ORDER BY "causeKey"
      ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*)::int INTO causes FROM noted;
  END IF;
  RETURN QUERY SELECT w."id", w."id" = ANY (accepted), causes FROM unnest(wishes) AS w
    WHERE w."id" = ANY (accepted) OR w."id" <> ALL (claimed);
END $$;

-- As before (20261122022935_webhooks), once for all gifts of a statement.
DROP TRIGGER "SentGift_webhooks" ON "SentGift";
CREATE OR REPLACE FUNCTION tell_gift_webhooks() RETURNS trigger AS $$
BEGIN
  INSERT INTO "WebhookDelivery" ("webhookId", "type", "key", "data")
  SELECT w."id", 'gift.sent', 'gift.sent:' || g."id", jsonb_build_object('sentGiftId', g."id", 'giftId', g."giftId",
    'sessionId', g."sessionId", 'senderId', g."senderId", 'recipientId', g."recipientId", 'quantity', g."quantity", 'coins', g."coins")
  FROM added g JOIN "Webhook" w ON (w."userId" = g."recipientId" OR w."platform") AND w."enabled" AND 'gift.sent' = ANY (w."types")
  ORDER BY g."id" ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER "SentGift_webhooks" AFTER INSERT ON "SentGift"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tell_gift_webhooks();
