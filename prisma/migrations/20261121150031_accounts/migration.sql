-- CreateEnum
CREATE TYPE "Language" AS ENUM ('ar', 'en');

-- CreateEnum
CREATE TYPE "Theme" AS ENUM ('system', 'light', 'dark');

-- CreateEnum
CREATE TYPE "Audience" AS ENUM ('everyone', 'followed', 'contacts', 'nobody');

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "bio" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "foundByEmail" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "foundByPhone" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "language" "Language",
ADD COLUMN     "messagesFrom" "Audience" NOT NULL DEFAULT 'everyone',
ADD COLUMN     "phone" TEXT,
ADD COLUMN     "presenceFor" "Audience" NOT NULL DEFAULT 'everyone',
ADD COLUMN     "theme" "Theme" NOT NULL DEFAULT 'system',
ALTER COLUMN "email" DROP NOT NULL,
ALTER COLUMN "passwordHash" DROP NOT NULL;

-- AlterTable
ALTER TABLE "SignIn" ADD COLUMN     "deviceName" TEXT;

-- CreateIndex
CREATE UNIQUE INDEX "User_phone_key" ON "User"("phone");
