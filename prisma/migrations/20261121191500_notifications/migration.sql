-- CreateEnum
CREATE TYPE "NotificationType" AS ENUM ('follow', 'gift', 'comment', 'message', 'stream', 'system');

-- CreateEnum
CREATE TYPE "PushKind" AS ENUM ('web', 'fcm');

-- CreateTable
CREATE TABLE "NotificationCause" (
    "key" TEXT NOT NULL,
    "id" UUID NOT NULL,
    "type" "NotificationType" NOT NULL,
    "userId" UUID,
    "actorId" UUID,
    "groupKey" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "dueAt" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "toldUpToId" UUID,
    "toldUpToAt" TIMESTAMPTZ(3),

    CONSTRAINT "NotificationCause_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "Notification" (
    "userId" UUID NOT NULL,
    "id" UUID NOT NULL,
    "type" "NotificationType" NOT NULL,
    "groupKey" TEXT NOT NULL,
    "openKey" TEXT,
    "shown" BOOLEAN NOT NULL,
    "actorIds" UUID[],
    "actorCount" INTEGER NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 1,
    "data" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "readAt" TIMESTAMPTZ(3),
    "pushAt" TIMESTAMPTZ(3),
    "pushedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Notification_pkey" PRIMARY KEY ("userId","id")
);

-- CreateTable
CREATE TABLE "NotificationSettings" (
    "userId" UUID NOT NULL,
    "inAppOff" "NotificationType"[] DEFAULT ARRAY[]::"NotificationType"[],
    "pushOff" "NotificationType"[] DEFAULT ARRAY[]::"NotificationType"[],
    "quietFromMin" INTEGER,
    "quietToMin" INTEGER,
    "timeZone" TEXT,

    CONSTRAINT "NotificationSettings_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "PushDevice" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "signInId" UUID NOT NULL,
    "kind" "PushKind" NOT NULL,
    "target" TEXT NOT NULL,
    "p256dh" TEXT,
    "auth" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "PushDevice_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "NotificationCause_id_key" ON "NotificationCause"("id");

-- CreateIndex
CREATE INDEX "NotificationCause_dueAt_idx" ON "NotificationCause"("dueAt");

-- CreateIndex
CREATE INDEX "NotificationCause_actorId_idx" ON "NotificationCause"("actorId");

-- CreateIndex
CREATE INDEX "NotificationCause_userId_idx" ON "NotificationCause"("userId");

-- CreateIndex
CREATE INDEX "NotificationCause_createdAt_idx" ON "NotificationCause"("createdAt");

-- CreateIndex
CREATE INDEX "Notification_userId_shown_at_id_idx" ON "Notification"("userId", "shown", "at", "id");

-- CreateIndex
CREATE INDEX "Notification_userId_shown_type_at_id_idx" ON "Notification"("userId", "shown", "type", "at", "id");

-- CreateIndex
CREATE INDEX "Notification_userId_shown_readAt_at_id_idx" ON "Notification"("userId", "shown", "readAt", "at", "id");

-- CreateIndex
CREATE INDEX "Notification_id_idx" ON "Notification"("id");

-- CreateIndex
CREATE INDEX "Notification_pushAt_idx" ON "Notification"("pushAt");

-- CreateIndex
CREATE INDEX "Notification_at_idx" ON "Notification"("at");

-- CreateIndex
CREATE INDEX "Notification_readAt_idx" ON "Notification"("readAt");

-- CreateIndex
CREATE UNIQUE INDEX "Notification_userId_openKey_key" ON "Notification"("userId", "openKey");

-- CreateIndex
CREATE UNIQUE INDEX "PushDevice_target_key" ON "PushDevice"("target");

-- CreateIndex
CREATE INDEX "PushDevice_userId_createdAt_idx" ON "PushDevice"("userId", "createdAt");

-- CreateIndex
CREATE INDEX "PushDevice_signInId_idx" ON "PushDevice"("signInId");

-- AddForeignKey
ALTER TABLE "Notification" ADD CONSTRAINT "Notification_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "NotificationSettings" ADD CONSTRAINT "NotificationSettings_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PushDevice" ADD CONSTRAINT "PushDevice_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PushDevice" ADD CONSTRAINT "PushDevice_signInId_fkey" FOREIGN KEY ("signInId") REFERENCES "SignIn"("id") ON DELETE CASCADE ON UPDATE CASCADE;
