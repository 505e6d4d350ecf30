-- CreateEnum
CREATE TYPE "DeliveryState" AS ENUM ('pending', 'delivered', 'failed');

-- CreateTable
CREATE TABLE "Webhook" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "platform" BOOLEAN NOT NULL DEFAULT false,
    "url" TEXT NOT NULL,
    "types" TEXT[],
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "disabledReason" TEXT,
    "sealedSecret" TEXT NOT NULL,
    "oldSealedSecret" TEXT,
    "oldSecretUntil" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "failingSince" TIMESTAMPTZ(3),
    "restUntil" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Webhook_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "WebhookDelivery" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "seq" BIGSERIAL NOT NULL,
    "webhookId" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "state" "DeliveryState" NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAt" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "attemptedAt" TIMESTAMPTZ(3),
    "status" INTEGER,
    "latencyMs" INTEGER,
    "answer" TEXT,
    "error" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "WebhookDelivery_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Webhook_userId_createdAt_idx" ON "Webhook"("userId", "createdAt");

-- CreateIndex
CREATE INDEX "Webhook_platform_idx" ON "Webhook"("platform");

-- CreateIndex
CREATE UNIQUE INDEX "WebhookDelivery_seq_key" ON "WebhookDelivery"("seq");

-- CreateIndex
CREATE INDEX "WebhookDelivery_webhookId_seq_idx" ON "WebhookDelivery"("webhookId", "seq");

-- CreateIndex
CREATE INDEX "WebhookDelivery_webhookId_nextAt_idx" ON "WebhookDelivery"("webhookId", "nextAt");

-- CreateIndex
CREATE INDEX "WebhookDelivery_nextAt_idx" ON "WebhookDelivery"("nextAt");

-- CreateIndex
CREATE INDEX "WebhookDelivery_createdAt_idx" ON "WebhookDelivery"("createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "WebhookDelivery_webhookId_key_key" ON "WebhookDelivery"("webhookId", "key");

-- AddForeignKey
ALTER TABLE "Webhook" ADD CONSTRAINT "Webhook_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What happened is written for the endpoints that want to hear of it in the very transaction: no message is lost, and none is
-- sent of what was rolled back, whoever changes the row.
CREATE FUNCTION tell_webhooks(owner uuid, event text, subject text, payload jsonb) RETURNS void AS $$
  INSERT INTO "WebhookDelivery" ("webhookId", "type", "key", "data")
  SELECT w."id", event, event || ':' || subject, payload FROM "Webhook" w
  WHERE w."enabled" AND event = ANY (w."types") AND (w."userId" = owner OR w."platform")
  ON CONFLICT DO NOTHING
$$ LANGUAGE sql;

CREATE FUNCTION tell_session_webhooks() RETURNS trigger AS $$
DECLARE
  what jsonb := jsonb_build_object('sessionId', NEW."id", 'hostId', NEW."hostId", 'title', NEW."title");
  is_over boolean := NEW."state" IN ('ended', 'failed');
  was_over boolean := OLD."state" IN ('ended', 'failed');
BEGIN
  IF NEW."state" = 'live' AND OLD."state" <> 'live' THEN
    PERFORM tell_webhooks(NEW."hostId", 'session.started', NEW."id"::text, what);
  END IF;
  IF is_over AND NOT was_over AND NEW."startedAt" IS NOT NULL THEN
    PERFORM tell_webhooks(NEW."hostId", 'session.ended', NEW."id"::text, what || jsonb_build_object(
      'state', NEW."state", 'endReason', NEW."endReason", 'durationMs', NEW."durationMs"));
  END IF;
  IF is_over AND NEW."recorded" AND NOT (was_over AND OLD."recorded") THEN
    PERFORM tell_webhooks(NEW."hostId", 'video.ready', NEW."id"::text, what || jsonb_build_object('durationMs', NEW."durationMs"));
  END IF;
  RETURN NULL;
END $$ LANGUAGE plpgsql;

CREATE TRIGGER "Session_webhooks" AFTER UPDATE OF "state", "recorded" ON "Session" FOR EACH ROW
  WHEN (OLD."state" IS DISTINCT FROM NEW."state" OR OLD."recorded" IS DISTINCT FROM NEW."recorded")
  EXECUTE FUNCTION tell_session_webhooks();

CREATE FUNCTION tell_gift_webhooks() RETURNS trigger AS $$
BEGIN
  PERFORM tell_webhooks(NEW."recipientId", 'gift.sent', NEW."id"::text, jsonb_build_object('sentGiftId', NEW."id", 'giftId', NEW."giftId",
    'sessionId', NEW."sessionId", 'senderId', NEW."senderId", 'recipientId', NEW."recipientId", 'quantity', NEW."quantity", 'coins', NEW."coins"));
  RETURN NULL;
END $$ LANGUAGE plpgsql;

CREATE TRIGGER "SentGift_webhooks" AFTER INSERT ON "SentGift" FOR EACH ROW EXECUTE FUNCTION tell_gift_webhooks();

CREATE FUNCTION tell_follow_webhooks() RETURNS trigger AS $$
BEGIN
  PERFORM tell_webhooks(NEW."followeeId", 'follower.new', NEW."followerId" || ':' || NEW."followeeId",
    jsonb_build_object('followerId', NEW."followerId", 'followeeId', NEW."followeeId"));
  RETURN NULL;
END $$ LANGUAGE plpgsql;

CREATE TRIGGER "Follow_webhooks" AFTER INSERT ON "Follow" FOR EACH ROW EXECUTE FUNCTION tell_follow_webhooks();
