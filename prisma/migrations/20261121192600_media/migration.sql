-- CreateEnum
CREATE TYPE "MediaPurpose" AS ENUM ('message', 'avatar', 'cover', 'status');

-- CreateEnum
CREATE TYPE "FileKind" AS ENUM ('image', 'video', 'audio', 'file');

-- CreateEnum
CREATE TYPE "MediaState" AS ENUM ('awaiting', 'checking', 'ready', 'refused', 'removing');

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "avatarId" UUID,
ADD COLUMN     "coverId" UUID;

-- CreateTable
CREATE TABLE "Media" (
    "id" UUID NOT NULL,
    "ownerId" UUID,
    "purpose" "MediaPurpose" NOT NULL,
    "kind" "FileKind" NOT NULL,
    "state" "MediaState" NOT NULL DEFAULT 'awaiting',
    "stateChangedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "declaredType" TEXT NOT NULL,
    "declaredBytes" INTEGER NOT NULL,
    "name" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "uploadExpiresAt" TIMESTAMPTZ(3) NOT NULL,
    "uploadKept" BOOLEAN NOT NULL DEFAULT true,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "refusal" TEXT,
    "type" TEXT,
    "byteLength" INTEGER,
    "width" INTEGER,
    "height" INTEGER,
    "durationMs" INTEGER,
    "mainFile" TEXT,
    "hasThumbnail" BOOLEAN NOT NULL DEFAULT false,
    "hasPoster" BOOLEAN NOT NULL DEFAULT false,
    "uses" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "Media_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Media_ownerId_createdAt_idx" ON "Media"("ownerId", "createdAt");

-- CreateIndex
CREATE INDEX "Media_state_stateChangedAt_idx" ON "Media"("state", "stateChangedAt");

-- CreateIndex
CREATE INDEX "Media_uploadKept_uploadExpiresAt_idx" ON "Media"("uploadKept", "uploadExpiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "User_avatarId_key" ON "User"("avatarId");

-- CreateIndex
CREATE UNIQUE INDEX "User_coverId_key" ON "User"("coverId");

-- AddForeignKey
ALTER TABLE "User" ADD CONSTRAINT "User_avatarId_fkey" FOREIGN KEY ("avatarId") REFERENCES "Media"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "User" ADD CONSTRAINT "User_coverId_fkey" FOREIGN KEY ("coverId") REFERENCES "Media"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Media" ADD CONSTRAINT "Media_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;
