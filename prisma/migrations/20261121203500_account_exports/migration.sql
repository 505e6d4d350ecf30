-- CreateEnum
CREATE TYPE "ExportState" AS ENUM ('waiting', 'ready', 'failed');

-- CreateTable
CREATE TABLE "AccountExport" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "state" "ExportState" NOT NULL DEFAULT 'waiting',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),
    "expiresAt" TIMESTAMPTZ(3),
    "run" INTEGER NOT NULL DEFAULT 0,
    "mostFiles" INTEGER NOT NULL DEFAULT 0,
    "fileBytes" INTEGER[] DEFAULT ARRAY[]::INTEGER[],

    CONSTRAINT "AccountExport_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "AccountExport_userId_createdAt_id_idx" ON "AccountExport"("userId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "AccountExport_state_changedAt_idx" ON "AccountExport"("state", "changedAt");

-- CreateIndex
CREATE INDEX "AccountExport_expiresAt_idx" ON "AccountExport"("expiresAt");

-- AddForeignKey
ALTER TABLE "AccountExport" ADD CONSTRAINT "AccountExport_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
