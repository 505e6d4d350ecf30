CREATE TABLE "RestreamTarget" (
  "id" UUID NOT NULL,
  "userId" UUID NOT NULL,
  "name" TEXT NOT NULL,
  "url" TEXT NOT NULL,
  "sealedKey" TEXT NOT NULL,
  "keyId" TEXT NOT NULL,
  "keyHint" TEXT NOT NULL,
  "enabled" BOOLEAN NOT NULL,
  "version" INTEGER NOT NULL DEFAULT 1,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL,

  CONSTRAINT "RestreamTarget_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "RestreamTarget_userId_id_idx" ON "RestreamTarget"("userId", "id");
ALTER TABLE "RestreamTarget" ADD CONSTRAINT "RestreamTarget_userId_fkey"
  FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
