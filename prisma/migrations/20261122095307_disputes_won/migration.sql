-- Disputes that are won give the coins back.
ALTER TYPE "LedgerEntryKind" ADD VALUE 'depositReinstated' AFTER 'depositReturn';
ALTER TABLE "Deposit" ADD COLUMN "backEntries" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "DepositReturn" ADD COLUMN "isUndone" BOOLEAN NOT NULL DEFAULT false;

-- What went back is the sum of the ways in which it went, those of admins among them; of earlier ones the row alone knew.
INSERT INTO "DepositReturn" ("depositId", "source", "backMinor")
SELECT d."id", 'earlier', d."backMinor" FROM "Deposit" d
WHERE d."backMinor" > (SELECT coalesce(sum(r."backMinor"), 0) FROM "DepositReturn" r WHERE r."depositId" = d."id");
