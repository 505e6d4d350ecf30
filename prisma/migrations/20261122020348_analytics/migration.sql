-- CreateTable
CREATE TABLE "ViewerSample" (
    "sessionId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "viewers" INTEGER NOT NULL,
    "watchMs" BIGINT NOT NULL,

    CONSTRAINT "ViewerSample_pkey" PRIMARY KEY ("sessionId","at")
);

-- CreateTable
CREATE TABLE "CreatorSlot" (
    "hostId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "sessions" INTEGER NOT NULL DEFAULT 0,
    "liveMs" BIGINT NOT NULL DEFAULT 0,
    "watchMs" BIGINT NOT NULL DEFAULT 0,
    "peak" INTEGER NOT NULL DEFAULT 0,
    "messages" INTEGER NOT NULL DEFAULT 0,
    "gifts" INTEGER NOT NULL DEFAULT 0,
    "coins" BIGINT NOT NULL DEFAULT 0,
    "earned" BIGINT NOT NULL DEFAULT 0,
    "followers" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "CreatorSlot_pkey" PRIMARY KEY ("hostId","at")
);

-- CreateTable
CREATE TABLE "PlatformSlot" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "newUsers" INTEGER NOT NULL DEFAULT 0,
    "sessions" INTEGER NOT NULL DEFAULT 0,
    "liveMs" BIGINT NOT NULL DEFAULT 0,
    "watchMs" BIGINT NOT NULL DEFAULT 0,
    "peak" INTEGER NOT NULL DEFAULT 0,
    "messages" INTEGER NOT NULL DEFAULT 0,
    "follows" INTEGER NOT NULL DEFAULT 0,
    "gifts" INTEGER NOT NULL DEFAULT 0,
    "coins" BIGINT NOT NULL DEFAULT 0,
    "commission" BIGINT NOT NULL DEFAULT 0,
    "deposits" BIGINT NOT NULL DEFAULT 0,
    "depositReturns" BIGINT NOT NULL DEFAULT 0,
    "withdrawals" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "PlatformSlot_pkey" PRIMARY KEY ("at")
);

-- CreateTable
CREATE TABLE "ActiveDay" (
    "day" DATE NOT NULL,
    "userId" UUID NOT NULL,

    CONSTRAINT "ActiveDay_pkey" PRIMARY KEY ("day","userId")
);

-- CreateTable
CREATE TABLE "AnalyticsProgress" (
    "id" INTEGER NOT NULL,
    "upTo" TIMESTAMPTZ(3),
    "turnAt" TIMESTAMPTZ(3),
    "recentAt" TIMESTAMPTZ(3),

    CONSTRAINT "AnalyticsProgress_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ViewerSample_at_idx" ON "ViewerSample"("at");

-- CreateIndex
CREATE INDEX "CreatorSlot_at_idx" ON "CreatorSlot"("at");

-- CreateIndex
CREATE INDEX "ActiveDay_userId_day_idx" ON "ActiveDay"("userId", "day");

-- CreateIndex
CREATE INDEX "RefreshToken_createdAt_idx" ON "RefreshToken"("createdAt");

-- CreateIndex
CREATE INDEX "Session_startedAt_id_idx" ON "Session"("startedAt", "id");

-- CreateIndex
CREATE INDEX "Session_endedAt_idx" ON "Session"("endedAt");

-- CreateIndex
CREATE INDEX "Follow_createdAt_idx" ON "Follow"("createdAt");

-- CreateIndex
CREATE INDEX "SentGift_returnedAt_idx" ON "SentGift"("returnedAt");

-- AddForeignKey
ALTER TABLE "ViewerSample" ADD CONSTRAINT "ViewerSample_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ActiveDay" ADD CONSTRAINT "ActiveDay_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
