-- CreateTable
CREATE TABLE "LastSeen" (
    "userId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "LastSeen_pkey" PRIMARY KEY ("userId")
);

-- AddForeignKey
ALTER TABLE "LastSeen" ADD CONSTRAINT "LastSeen_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
