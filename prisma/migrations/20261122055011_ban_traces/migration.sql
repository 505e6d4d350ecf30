-- Devices and addresses that go with a ban: guests are refused from there. Hashes alone.
CREATE TYPE "BanTraceKind" AS ENUM ('device', 'address');

CREATE TABLE "SessionBanTrace" (
    "sessionId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "kind" "BanTraceKind" NOT NULL,
    "hash" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3),

    CONSTRAINT "SessionBanTrace_pkey" PRIMARY KEY ("sessionId", "userId", "hash"),
    CONSTRAINT "SessionBanTrace_sessionId_userId_fkey" FOREIGN KEY ("sessionId", "userId")
      REFERENCES "SessionBan"("sessionId", "userId") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "SessionBanTrace_hash_idx" ON "SessionBanTrace"("hash");
CREATE INDEX "SessionBanTrace_expiresAt_idx" ON "SessionBanTrace"("expiresAt");

CREATE TABLE "AccountBanTrace" (
    "userId" UUID NOT NULL,
    "kind" "BanTraceKind" NOT NULL,
    "hash" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3),

    CONSTRAINT "AccountBanTrace_pkey" PRIMARY KEY ("userId", "hash"),
    CONSTRAINT "AccountBanTrace_userId_fkey" FOREIGN KEY ("userId")
      REFERENCES "AccountBan"("userId") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "AccountBanTrace_hash_idx" ON "AccountBanTrace"("hash");
CREATE INDEX "AccountBanTrace_expiresAt_idx" ON "AccountBanTrace"("expiresAt");
