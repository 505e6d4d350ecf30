-- AlterTable
ALTER TABLE "ChatRoom" ADD COLUMN     "subscribersOnly" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "Subscriber" (
    "hostId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "until" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Subscriber_pkey" PRIMARY KEY ("hostId","userId")
);

-- CreateIndex
CREATE INDEX "Subscriber_hostId_createdAt_userId_idx" ON "Subscriber"("hostId", "createdAt", "userId");

-- CreateIndex
CREATE INDEX "Subscriber_userId_hostId_idx" ON "Subscriber"("userId", "hostId");

-- AddForeignKey
ALTER TABLE "Subscriber" ADD CONSTRAINT "Subscriber_hostId_fkey" FOREIGN KEY ("hostId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Subscriber" ADD CONSTRAINT "Subscriber_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
