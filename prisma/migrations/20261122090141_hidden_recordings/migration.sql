-- Recordings that a moderator hid, or that somebody had deleted.
ALTER TABLE "Session" ADD COLUMN "hiddenAt" TIMESTAMPTZ(3),
ADD COLUMN "hiddenById" UUID,
ADD COLUMN "recordingDeletedAt" TIMESTAMPTZ(3);

-- Redis has to know of these, too, that not everybody plays them.
DROP INDEX "Session_private_idx";
CREATE INDEX "Session_shut_idx" ON "Session" ("playbackId")
  WHERE "visibility" = 'private' OR "hiddenAt" IS NOT NULL OR "recordingDeletedAt" IS NOT NULL;
-- What workers have not removed yet.
CREATE INDEX "Session_unremoved_idx" ON "Session" ("recordingDeletedAt")
  WHERE "recordingDeletedAt" IS NOT NULL AND "mediaRemovedAt" IS NULL;
