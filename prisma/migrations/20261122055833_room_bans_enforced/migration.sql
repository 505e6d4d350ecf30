-- When all that follows from a room's ban was done; what a crash leaves of that the sweep does. Earlier ones were done, as far as is known.
ALTER TABLE "SessionBan" ADD COLUMN "enforcedAt" TIMESTAMPTZ(3);
UPDATE "SessionBan" SET "enforcedAt" = "createdAt";
CREATE INDEX "SessionBan_enforcedAt_idx" ON "SessionBan"("enforcedAt");
