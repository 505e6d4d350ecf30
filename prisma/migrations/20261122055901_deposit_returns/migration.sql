-- What went back of a deposit, by the way it went: refunds and disputes add up.
CREATE TABLE "DepositReturn" (
    "depositId" UUID NOT NULL,
    "source" TEXT NOT NULL,
    "backMinor" INTEGER NOT NULL,

    CONSTRAINT "DepositReturn_pkey" PRIMARY KEY ("depositId","source")
);
ALTER TABLE "DepositReturn" ADD CONSTRAINT "DepositReturn_depositId_fkey" FOREIGN KEY ("depositId") REFERENCES "Deposit"("id") ON DELETE CASCADE ON UPDATE CASCADE;
