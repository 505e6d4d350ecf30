-- Origins are told of the bans of the last day.
CREATE INDEX "SessionBan_createdAt_idx" ON "SessionBan"("createdAt");
CREATE INDEX "AccountBan_createdAt_idx" ON "AccountBan"("createdAt");
