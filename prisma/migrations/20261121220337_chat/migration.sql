-- CreateEnum
CREATE TYPE "ChatRole" AS ENUM ('host', 'moderator', 'cohost', 'viewer');

-- CreateTable
CREATE TABLE "ChatRoom" (
    "sessionId" UUID NOT NULL,
    "lastSeq" INTEGER NOT NULL DEFAULT 0,
    "slowModeSec" INTEGER NOT NULL DEFAULT 0,
    "followersOnly" BOOLEAN NOT NULL DEFAULT false,
    "followersMinSec" INTEGER NOT NULL DEFAULT 0,
    "emojiOnly" BOOLEAN NOT NULL DEFAULT false,
    "linksOff" BOOLEAN NOT NULL DEFAULT false,
    "uniqueOnly" BOOLEAN NOT NULL DEFAULT false,
    "verifiedOnly" BOOLEAN NOT NULL DEFAULT false,
    "delaySec" INTEGER NOT NULL DEFAULT 0,
    "maxLength" INTEGER NOT NULL DEFAULT 500,
    "shield" BOOLEAN NOT NULL DEFAULT false,
    "bannedWords" TEXT[] DEFAULT ARRAY[]::TEXT[],

    CONSTRAINT "ChatRoom_pkey" PRIMARY KEY ("sessionId")
);

-- CreateTable
CREATE TABLE "ChatMessage" (
    "id" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "senderId" UUID,
    "tempId" TEXT NOT NULL,
    "role" "ChatRole" NOT NULL,
    "text" TEXT NOT NULL,
    "replyToId" UUID,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" TIMESTAMPTZ(3),
    "deletedById" UUID,
    "pinnedAt" TIMESTAMPTZ(3),

    CONSTRAINT "ChatMessage_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "BannedWord" (
    "id" UUID NOT NULL,
    "word" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "BannedWord_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ChatMessage_senderId_id_idx" ON "ChatMessage"("senderId", "id");

-- CreateIndex
CREATE INDEX "ChatMessage_sessionId_pinnedAt_idx" ON "ChatMessage"("sessionId", "pinnedAt");

-- CreateIndex
CREATE UNIQUE INDEX "ChatMessage_sessionId_seq_key" ON "ChatMessage"("sessionId", "seq");

-- CreateIndex
CREATE UNIQUE INDEX "ChatMessage_sessionId_senderId_tempId_key" ON "ChatMessage"("sessionId", "senderId", "tempId");

-- CreateIndex
CREATE UNIQUE INDEX "BannedWord_key_key" ON "BannedWord"("key");

-- AddForeignKey
ALTER TABLE "ChatRoom" ADD CONSTRAINT "ChatRoom_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ChatMessage" ADD CONSTRAINT "ChatMessage_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ChatMessage" ADD CONSTRAINT "ChatMessage_senderId_fkey" FOREIGN KEY ("senderId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
