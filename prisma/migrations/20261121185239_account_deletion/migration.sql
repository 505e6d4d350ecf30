-- An account that was deleted, and when nothing personal of it was left.
ALTER TABLE "User" ADD COLUMN "deletedAt" TIMESTAMPTZ(3), ADD COLUMN "erasedAt" TIMESTAMPTZ(3);
ALTER TABLE "Session" ADD COLUMN "mediaRemovedAt" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "User_deletedAt_idx" ON "User"("deletedAt");
