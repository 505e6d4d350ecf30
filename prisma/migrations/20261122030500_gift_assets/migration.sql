-- CreateEnum
CREATE TYPE "GiftAssetKind" AS ENUM ('lottie', 'webp', 'png', 'svg');

-- CreateTable
CREATE TABLE "GiftAsset" (
    "hash" TEXT NOT NULL,
    "kind" "GiftAssetKind" NOT NULL,
    "content" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "GiftAsset_pkey" PRIMARY KEY ("hash")
);
