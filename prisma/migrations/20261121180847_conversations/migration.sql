-- CreateEnum
CREATE TYPE "ConversationKind" AS ENUM ('direct', 'group', 'publicChannel');

-- CreateEnum
CREATE TYPE "MemberRole" AS ENUM ('owner', 'admin', 'member');

-- CreateEnum
CREATE TYPE "MessageKind" AS ENUM ('text', 'image', 'video', 'audio', 'file');

-- CreateTable
CREATE TABLE "Conversation" (
    "id" UUID NOT NULL,
    "kind" "ConversationKind" NOT NULL,
    "pairKey" TEXT,
    "name" TEXT,
    "nameKey" TEXT,
    "description" TEXT NOT NULL DEFAULT '',
    "memberCount" INTEGER NOT NULL DEFAULT 0,
    "lastSeq" INTEGER NOT NULL DEFAULT 0,
    "activeAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Conversation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Member" (
    "conversationId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "role" "MemberRole" NOT NULL DEFAULT 'member',
    "joinedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "fromSeq" INTEGER NOT NULL DEFAULT 0,
    "lastReadSeq" INTEGER NOT NULL DEFAULT 0,
    "hidden" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "Member_pkey" PRIMARY KEY ("conversationId","userId")
);

-- CreateTable
CREATE TABLE "ConversationRemoval" (
    "conversationId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ConversationRemoval_pkey" PRIMARY KEY ("conversationId","userId")
);

-- CreateTable
CREATE TABLE "Message" (
    "id" UUID NOT NULL,
    "conversationId" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "senderId" UUID,
    "tempId" TEXT,
    "kind" "MessageKind" NOT NULL DEFAULT 'text',
    "text" TEXT NOT NULL DEFAULT '',
    "replyToSeq" INTEGER,
    "forwarded" BOOLEAN NOT NULL DEFAULT false,
    "revision" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "editedAt" TIMESTAMPTZ(3),
    "deletedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Message_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Conversation_pairKey_key" ON "Conversation"("pairKey");

-- CreateIndex
CREATE INDEX "Conversation_deletedAt_idx" ON "Conversation"("deletedAt");

-- CreateIndex
CREATE INDEX "Member_conversationId_joinedAt_userId_idx" ON "Member"("conversationId", "joinedAt", "userId");

-- CreateIndex
CREATE INDEX "Member_userId_idx" ON "Member"("userId");

-- CreateIndex
CREATE INDEX "ConversationRemoval_userId_idx" ON "ConversationRemoval"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "Message_conversationId_seq_key" ON "Message"("conversationId", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "Message_senderId_tempId_key" ON "Message"("senderId", "tempId");

-- AddForeignKey
ALTER TABLE "Member" ADD CONSTRAINT "Member_conversationId_fkey" FOREIGN KEY ("conversationId") REFERENCES "Conversation"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Member" ADD CONSTRAINT "Member_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ConversationRemoval" ADD CONSTRAINT "ConversationRemoval_conversationId_fkey" FOREIGN KEY ("conversationId") REFERENCES "Conversation"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ConversationRemoval" ADD CONSTRAINT "ConversationRemoval_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Message" ADD CONSTRAINT "Message_conversationId_fkey" FOREIGN KEY ("conversationId") REFERENCES "Conversation"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Message" ADD CONSTRAINT "Message_senderId_fkey" FOREIGN KEY ("senderId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Each message writes its conversation's row and its sender's place again: pages have room for that, so that no index is touched.
ALTER TABLE "Conversation" SET (fillfactor = 70);
ALTER TABLE "Member" SET (fillfactor = 80);

-- The counts follow the rows, whoever adds or deletes them, also when a deleted user takes places along. Conversations are
-- locked in the order of their ids, so that people who come and go at once don't wait for each other in a circle.
CREATE FUNCTION "count_new_members"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM "Conversation" WHERE "id" IN (SELECT "conversationId" FROM changed) ORDER BY "id" FOR NO KEY UPDATE;
  UPDATE "Conversation" SET "memberCount" = "memberCount" + counted."members"
  FROM (SELECT "conversationId", count(*) AS "members" FROM changed GROUP BY "conversationId") AS counted
  WHERE "id" = counted."conversationId";
  RETURN NULL;
END $$;

-- An owner who goes hands over: to the admin who is there longest, else to the member who is. What nobody is in is deleted.
CREATE FUNCTION "count_gone_members"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM "Conversation" WHERE "id" IN (SELECT "conversationId" FROM changed) ORDER BY "id" FOR NO KEY UPDATE;
  UPDATE "Conversation" SET
    "memberCount" = "memberCount" - counted."members",
    "deletedAt" = CASE WHEN "memberCount" > counted."members" THEN "deletedAt" ELSE coalesce("deletedAt", now()) END
  FROM (SELECT "conversationId", count(*) AS "members" FROM changed GROUP BY "conversationId") AS counted
  WHERE "id" = counted."conversationId";
  UPDATE "Member" SET "role" = 'owner' FROM (
    SELECT DISTINCT ON (heir."conversationId") heir."conversationId", heir."userId"
    FROM changed JOIN "Member" heir ON heir."conversationId" = changed."conversationId"
    WHERE changed."role" = 'owner'
    ORDER BY heir."conversationId", heir."role" = 'admin' DESC, heir."joinedAt", heir."userId"
  ) AS heirs
  WHERE "Member"."conversationId" = heirs."conversationId" AND "Member"."userId" = heirs."userId";
  RETURN NULL;
END $$;

CREATE TRIGGER "Member_count_new" AFTER INSERT ON "Member"
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION "count_new_members"();
CREATE TRIGGER "Member_count_gone" AFTER DELETE ON "Member"
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION "count_gone_members"();
