-- AlterTable
ALTER TABLE "Conversation" ADD COLUMN     "avatarId" UUID;

-- CreateTable
CREATE TABLE "MessageMedia" (
    "messageId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "mediaId" UUID NOT NULL,

    CONSTRAINT "MessageMedia_pkey" PRIMARY KEY ("messageId","position")
);

-- CreateIndex
CREATE INDEX "MessageMedia_mediaId_idx" ON "MessageMedia"("mediaId");

-- CreateIndex
CREATE UNIQUE INDEX "Conversation_avatarId_key" ON "Conversation"("avatarId");

-- AddForeignKey
ALTER TABLE "Conversation" ADD CONSTRAINT "Conversation_avatarId_fkey" FOREIGN KEY ("avatarId") REFERENCES "Media"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "MessageMedia" ADD CONSTRAINT "MessageMedia_messageId_fkey" FOREIGN KEY ("messageId") REFERENCES "Message"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "MessageMedia" ADD CONSTRAINT "MessageMedia_mediaId_fkey" FOREIGN KEY ("mediaId") REFERENCES "Media"("id") ON DELETE CASCADE ON UPDATE CASCADE;
