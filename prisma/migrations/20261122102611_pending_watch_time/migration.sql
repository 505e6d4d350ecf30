-- What viewers have watched since their last heartbeats, for a Redis that lost who they are.
ALTER TABLE "SessionAudience" ADD COLUMN "pendingMs" BIGINT NOT NULL DEFAULT 0, ADD COLUMN "countedAt" TIMESTAMPTZ(3);
