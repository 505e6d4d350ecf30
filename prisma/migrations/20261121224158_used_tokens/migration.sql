-- For the hourly round that forgets used refresh tokens.
CREATE INDEX "RefreshToken_usedAt_idx" ON "RefreshToken"("usedAt");
