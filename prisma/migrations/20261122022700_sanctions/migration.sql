-- AlterTable
ALTER TABLE "SessionBan" ADD COLUMN     "expiresAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "RoomModerator" (
    "hostId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RoomModerator_pkey" PRIMARY KEY ("hostId","userId")
);

-- CreateTable
CREATE TABLE "ChatMute" (
    "sessionId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "byId" UUID NOT NULL,
    "reason" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "until" TIMESTAMPTZ(3),

    CONSTRAINT "ChatMute_pkey" PRIMARY KEY ("sessionId","userId")
);

-- CreateTable
CREATE TABLE "AccountBan" (
    "userId" UUID NOT NULL,
    "byId" UUID NOT NULL,
    "reason" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3),
    "enforcedAt" TIMESTAMPTZ(3),

    CONSTRAINT "AccountBan_pkey" PRIMARY KEY ("userId")
);

-- CreateIndex
CREATE INDEX "RoomModerator_hostId_createdAt_userId_idx" ON "RoomModerator"("hostId", "createdAt", "userId");

-- CreateIndex
CREATE INDEX "RoomModerator_userId_idx" ON "RoomModerator"("userId");

-- CreateIndex
CREATE INDEX "ChatMute_userId_idx" ON "ChatMute"("userId");

-- CreateIndex
CREATE INDEX "ChatMute_until_idx" ON "ChatMute"("until");

-- CreateIndex
CREATE INDEX "AccountBan_expiresAt_idx" ON "AccountBan"("expiresAt");

-- CreateIndex
CREATE INDEX "AccountBan_enforcedAt_idx" ON "AccountBan"("enforcedAt");

-- CreateIndex
CREATE INDEX "SessionBan_expiresAt_idx" ON "SessionBan"("expiresAt");

-- AddForeignKey
ALTER TABLE "RoomModerator" ADD CONSTRAINT "RoomModerator_hostId_fkey" FOREIGN KEY ("hostId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RoomModerator" ADD CONSTRAINT "RoomModerator_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ChatMute" ADD CONSTRAINT "ChatMute_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ChatMute" ADD CONSTRAINT "ChatMute_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
