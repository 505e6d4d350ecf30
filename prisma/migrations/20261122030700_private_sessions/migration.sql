-- CreateEnum
CREATE TYPE "SessionVisibility" AS ENUM ('public', 'unlisted', 'private');
CREATE TYPE "PrivateFor" AS ENUM ('invited', 'followers');

-- AlterEnum
ALTER TYPE "NotificationType" ADD VALUE 'invitation';
ALTER TYPE "NotificationType" ADD VALUE 'reminder';

-- AlterTable
ALTER TABLE "Session" ADD COLUMN "visibility" "SessionVisibility" NOT NULL DEFAULT 'public',
ADD COLUMN "privateFor" "PrivateFor" NOT NULL DEFAULT 'invited';
UPDATE "Session" SET "visibility" = 'unlisted' WHERE "unlisted";
ALTER TABLE "Session" DROP COLUMN "unlisted";

-- Of few sessions Redis has to know that they are private; Prisma has no word for such indexes.
CREATE INDEX "Session_private_idx" ON "Session" ("playbackId") WHERE "visibility" = 'private';

-- CreateTable
CREATE TABLE "SessionInvitation" (
    "sessionId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SessionInvitation_pkey" PRIMARY KEY ("sessionId","userId")
);

-- CreateIndex
CREATE INDEX "SessionInvitation_sessionId_createdAt_userId_idx" ON "SessionInvitation"("sessionId", "createdAt", "userId");

-- CreateIndex
CREATE INDEX "SessionInvitation_userId_createdAt_sessionId_idx" ON "SessionInvitation"("userId", "createdAt", "sessionId");

-- AddForeignKey
ALTER TABLE "SessionInvitation" ADD CONSTRAINT "SessionInvitation_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SessionInvitation" ADD CONSTRAINT "SessionInvitation_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
