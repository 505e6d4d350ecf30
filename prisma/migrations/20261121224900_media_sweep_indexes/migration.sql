-- What the sweep of files looks for in every round is little of the table; Prisma has no word for such indexes.
-- Announced, and perhaps never sent.
CREATE INDEX "Media_awaiting_idx" ON "Media" ("uploadExpiresAt") WHERE "state" = 'awaiting';

-- Ready, and used by nobody.
CREATE INDEX "Media_unused_idx" ON "Media" ("stateChangedAt") WHERE "state" = 'ready' AND "uses" = 0;

-- The account is gone.
CREATE INDEX "Media_ownerless_idx" ON "Media" ("id") WHERE "ownerId" IS NULL AND "state" <> 'removing';
