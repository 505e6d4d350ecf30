-- CreateEnum
CREATE TYPE "SourceKind" AS ENUM ('rtmp', 'stage');

-- CreateEnum
CREATE TYPE "StageRole" AS ENUM ('host', 'cohost', 'viewer', 'egress', 'ingress');

-- CreateEnum
CREATE TYPE "SeatState" AS ENUM ('requested', 'invited', 'accepted', 'onStage', 'declined', 'removed', 'left');

-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "dropRtmpBelow" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "goneEpoch" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "rtmpEpoch" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "rtmpRelayUrl" TEXT,
ADD COLUMN     "sourceKind" "SourceKind" NOT NULL DEFAULT 'rtmp',
ADD COLUMN     "stageEpoch" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "stageRelayUrl" TEXT,
ADD COLUMN     "whipPeerId" UUID;

-- CreateTable
CREATE TABLE "StageNode" (
    "sessionId" UUID NOT NULL,
    "nodeId" TEXT NOT NULL,
    "isOn" BOOLEAN NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "StageNode_pkey" PRIMARY KEY ("sessionId","nodeId")
);

-- CreateTable
CREATE TABLE "StagePeer" (
    "sessionId" UUID NOT NULL,
    "peerId" UUID NOT NULL,
    "nodeId" TEXT NOT NULL,
    "userId" UUID,
    "role" "StageRole" NOT NULL,
    "isPresent" BOOLEAN NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "StagePeer_pkey" PRIMARY KEY ("sessionId","peerId","nodeId")
);

-- CreateTable
CREATE TABLE "StageSeat" (
    "sessionId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "state" "SeatState" NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "StageSeat_pkey" PRIMARY KEY ("sessionId","userId")
);

-- CreateTable
CREATE TABLE "SessionBan" (
    "sessionId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "byId" UUID NOT NULL,
    "reason" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SessionBan_pkey" PRIMARY KEY ("sessionId","userId")
);

-- CreateIndex
CREATE INDEX "StageNode_isOn_idx" ON "StageNode"("isOn");

-- CreateIndex
CREATE INDEX "StagePeer_sessionId_isPresent_idx" ON "StagePeer"("sessionId", "isPresent");

-- CreateIndex
CREATE INDEX "StageSeat_sessionId_state_idx" ON "StageSeat"("sessionId", "state");

-- CreateIndex
CREATE INDEX "StageSeat_userId_idx" ON "StageSeat"("userId");

-- CreateIndex
CREATE INDEX "SessionBan_userId_idx" ON "SessionBan"("userId");

-- AddForeignKey
ALTER TABLE "StageNode" ADD CONSTRAINT "StageNode_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "StagePeer" ADD CONSTRAINT "StagePeer_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "StageSeat" ADD CONSTRAINT "StageSeat_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "StageSeat" ADD CONSTRAINT "StageSeat_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SessionBan" ADD CONSTRAINT "SessionBan_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SessionBan" ADD CONSTRAINT "SessionBan_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Sessions that are on air while this is applied go on with their RTMP publisher.
UPDATE "Session" SET "rtmpEpoch" = "sourceEpoch", "rtmpRelayUrl" = "relayUrl", "dropRtmpBelow" = "epoch";
