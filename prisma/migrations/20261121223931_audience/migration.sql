-- CreateTable
CREATE TABLE "SessionAudience" (
    "sessionId" UUID NOT NULL,
    "concurrent" INTEGER NOT NULL DEFAULT 0,
    "peak" INTEGER NOT NULL DEFAULT 0,
    "unique" INTEGER NOT NULL DEFAULT 0,
    "watchMs" BIGINT NOT NULL DEFAULT 0,
    "reactions" INTEGER NOT NULL DEFAULT 0,
    "sketch" BYTEA,

    CONSTRAINT "SessionAudience_pkey" PRIMARY KEY ("sessionId")
);

-- CreateIndex
CREATE INDEX "SessionAudience_concurrent_idx" ON "SessionAudience"("concurrent");

-- AddForeignKey
ALTER TABLE "SessionAudience" ADD CONSTRAINT "SessionAudience_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;
