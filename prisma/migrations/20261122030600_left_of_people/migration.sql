-- Whether a block lies between the two of a direct conversation stands in its row: a message locks that row, so one that waited
-- there while somebody blocked finds the block.
ALTER TABLE "Conversation" ADD COLUMN "blocked" BOOLEAN NOT NULL DEFAULT false;

CREATE FUNCTION "conversation_blocked"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  one UUID := coalesce(NEW."blockerId", OLD."blockerId");
  other UUID := coalesce(NEW."blockedId", OLD."blockedId");
BEGIN
  UPDATE "Conversation" SET "blocked" = EXISTS (
      SELECT FROM "Block" WHERE "blockerId" = one AND "blockedId" = other
      UNION ALL SELECT FROM "Block" WHERE "blockerId" = other AND "blockedId" = one)
    WHERE "pairKey" = least(one::text COLLATE "C", other::text COLLATE "C") || ' ' || greatest(one::text COLLATE "C", other::text COLLATE "C");
  RETURN NULL;
END $$;
CREATE TRIGGER "Block_conversation" AFTER INSERT OR DELETE ON "Block"
  FOR EACH ROW EXECUTE FUNCTION "conversation_blocked"();

UPDATE "Conversation" c SET "blocked" = true FROM "Block" b
  WHERE c."pairKey" = least(b."blockerId"::text COLLATE "C", b."blockedId"::text COLLATE "C") || ' '
    || greatest(b."blockerId"::text COLLATE "C", b."blockedId"::text COLLATE "C");

ALTER TABLE "SessionBan" ALTER COLUMN "byId" DROP NOT NULL;
CREATE INDEX "SessionBan_byId_idx" ON "SessionBan"("byId");
CREATE INDEX "StagePeer_userId_sessionId_peerId_nodeId_idx" ON "StagePeer"("userId", "sessionId", "peerId", "nodeId");
ALTER TABLE "PhoneCode" ADD COLUMN "attemptsBy" JSONB NOT NULL DEFAULT '{}';

-- Addresses that accounts have until now were never proved.
ALTER TABLE "User" ADD COLUMN "emailVerifiedAt" TIMESTAMPTZ(3);
CREATE TABLE "EmailCode" (
  "userId" UUID NOT NULL,
  "email" TEXT NOT NULL,
  "codeHash" TEXT NOT NULL,
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "sentAt" TIMESTAMPTZ(3) NOT NULL,
  "expiresAt" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "EmailCode_pkey" PRIMARY KEY ("userId")
);
CREATE INDEX "EmailCode_expiresAt_idx" ON "EmailCode"("expiresAt");
ALTER TABLE "EmailCode" ADD CONSTRAINT "EmailCode_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
