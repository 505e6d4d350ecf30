-- CreateEnum
CREATE TYPE "LedgerAccountKind" AS ENUM ('wallet', 'receiving', 'held', 'debt', 'commission', 'deposits', 'paid');

-- CreateEnum
CREATE TYPE "LedgerEntryKind" AS ENUM ('deposit', 'depositReturn', 'gift', 'giftReturn', 'debtSettlement', 'withdrawalHold', 'withdrawalReturn', 'withdrawalPayout');

-- CreateEnum
CREATE TYPE "DepositState" AS ENUM ('pending', 'paid', 'failed');

-- CreateEnum
CREATE TYPE "WithdrawalState" AS ENUM ('requested', 'approved', 'paid', 'rejected', 'cancelled');

-- CreateEnum
CREATE TYPE "AnimationKind" AS ENUM ('lottie', 'webp');

-- CreateTable
CREATE TABLE "LedgerAccount" (
    "id" UUID NOT NULL,
    "kind" "LedgerAccountKind" NOT NULL,
    "ownerId" UUID,
    "shard" INTEGER NOT NULL DEFAULT 0,
    "currency" TEXT NOT NULL DEFAULT 'coin',
    "balance" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "LedgerAccount_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "LedgerEntry" (
    "id" UUID NOT NULL,
    "kind" "LedgerEntryKind" NOT NULL,
    "ref" TEXT NOT NULL,
    "postings" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "LedgerEntry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "LedgerPosting" (
    "accountId" UUID NOT NULL,
    "entryId" UUID NOT NULL,
    "amount" BIGINT NOT NULL,

    CONSTRAINT "LedgerPosting_pkey" PRIMARY KEY ("accountId","entryId")
);

-- CreateTable
CREATE TABLE "IdempotencyKey" (
    "userId" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "requestHash" TEXT NOT NULL,
    "answer" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "IdempotencyKey_pkey" PRIMARY KEY ("userId","key")
);

-- CreateTable
CREATE TABLE "Deposit" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "coins" BIGINT NOT NULL,
    "amountMinor" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "state" "DepositState" NOT NULL DEFAULT 'pending',
    "paymentId" TEXT,
    "checkoutUrl" TEXT,
    "backMinor" INTEGER NOT NULL DEFAULT 0,
    "coinsBack" BIGINT NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "paidAt" TIMESTAMPTZ(3),

    CONSTRAINT "Deposit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Withdrawal" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "coins" BIGINT NOT NULL,
    "amountMinor" INTEGER NOT NULL,
    "currency" TEXT NOT NULL,
    "destination" TEXT NOT NULL,
    "state" "WithdrawalState" NOT NULL DEFAULT 'requested',
    "decidedById" UUID,
    "reason" TEXT,
    "reference" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "decidedAt" TIMESTAMPTZ(3),
    "paidAt" TIMESTAMPTZ(3),

    CONSTRAINT "Withdrawal_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Gift" (
    "id" UUID NOT NULL,
    "nameEn" TEXT NOT NULL,
    "nameAr" TEXT NOT NULL,
    "iconUrl" TEXT NOT NULL,
    "animationKind" "AnimationKind",
    "animationUrl" TEXT,
    "price" INTEGER NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "position" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Gift_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "SentGift" (
    "id" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "senderId" UUID NOT NULL,
    "recipientId" UUID NOT NULL,
    "giftId" UUID NOT NULL,
    "quantity" INTEGER NOT NULL,
    "coins" BIGINT NOT NULL,
    "commission" BIGINT NOT NULL,
    "message" TEXT NOT NULL DEFAULT '',
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "returnedAt" TIMESTAMPTZ(3),

    CONSTRAINT "SentGift_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "GiftNews" (
    "id" UUID NOT NULL,
    "giftId" UUID NOT NULL,
    "returned" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "GiftNews_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "LedgerAccount_ownerId_idx" ON "LedgerAccount"("ownerId");

-- CreateIndex
CREATE UNIQUE INDEX "LedgerEntry_ref_key" ON "LedgerEntry"("ref");

-- CreateIndex
CREATE INDEX "LedgerPosting_entryId_idx" ON "LedgerPosting"("entryId");

-- CreateIndex
CREATE INDEX "IdempotencyKey_createdAt_idx" ON "IdempotencyKey"("createdAt");

-- CreateIndex
CREATE INDEX "Deposit_userId_createdAt_id_idx" ON "Deposit"("userId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Withdrawal_userId_createdAt_id_idx" ON "Withdrawal"("userId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Withdrawal_state_createdAt_id_idx" ON "Withdrawal"("state", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Gift_active_position_id_idx" ON "Gift"("active", "position", "id");

-- CreateIndex
CREATE INDEX "SentGift_sessionId_id_idx" ON "SentGift"("sessionId", "id");

-- CreateIndex
CREATE INDEX "SentGift_senderId_id_idx" ON "SentGift"("senderId", "id");

-- CreateIndex
CREATE INDEX "SentGift_recipientId_id_idx" ON "SentGift"("recipientId", "id");

-- AddForeignKey
ALTER TABLE "LedgerAccount" ADD CONSTRAINT "LedgerAccount_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LedgerPosting" ADD CONSTRAINT "LedgerPosting_entryId_fkey" FOREIGN KEY ("entryId") REFERENCES "LedgerEntry"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;


-- What the database itself holds, whoever writes: amounts move, entries are whole and sum to zero, balances are those of the
-- postings and never below zero where they may not be, and nothing that was written is changed.
ALTER TABLE "LedgerPosting" ADD CONSTRAINT "LedgerPosting_amount_check" CHECK ("amount" <> 0);
ALTER TABLE "LedgerEntry" ADD CONSTRAINT "LedgerEntry_postings_check" CHECK ("postings" >= 2);
ALTER TABLE "LedgerAccount"
  ADD CONSTRAINT "LedgerAccount_balance_check"
    CHECK (CASE WHEN "kind" IN ('wallet', 'receiving', 'held', 'paid') THEN "balance" >= 0
                WHEN "kind" IN ('debt', 'deposits') THEN "balance" <= 0 ELSE true END),
  ADD CONSTRAINT "LedgerAccount_owner_check"
    CHECK (("ownerId" IS NOT NULL) = ("kind" IN ('wallet', 'receiving', 'held', 'debt'))),
  -- Its rows are updated often and have no index on what changes.
  SET (fillfactor = 50);

CREATE FUNCTION "ledger_refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER "LedgerEntry_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "LedgerEntry"
  FOR EACH STATEMENT EXECUTE FUNCTION "ledger_refuse_change"();
CREATE TRIGGER "LedgerPosting_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "LedgerPosting"
  FOR EACH STATEMENT EXECUTE FUNCTION "ledger_refuse_change"();
CREATE TRIGGER "LedgerAccount_stays" BEFORE DELETE OR TRUNCATE ON "LedgerAccount"
  FOR EACH STATEMENT EXECUTE FUNCTION "ledger_refuse_change"();

-- A balance changes by postings alone: the trigger below is one level deep when it updates.
CREATE FUNCTION "ledger_guard_account"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW."balance" = 0 THEN RETURN NEW; END IF;
  IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 AND (NEW."id", NEW."kind", NEW."shard", NEW."currency") = (OLD."id", OLD."kind", OLD."shard", OLD."currency")
    AND NEW."ownerId" IS NOT DISTINCT FROM OLD."ownerId" THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'an account of the ledger changes by postings alone' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$;
CREATE TRIGGER "LedgerAccount_guard" BEFORE INSERT OR UPDATE ON "LedgerAccount"
  FOR EACH ROW EXECUTE FUNCTION "ledger_guard_account"();

-- All postings of an entry are written by one statement, and sum to zero in each currency. Accounts are locked in the order of
-- their ids, by everybody, so that none wait for each other in a circle.
CREATE FUNCTION "ledger_keep_balances"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed integer;
  accounts integer;
BEGIN
  PERFORM FROM "LedgerAccount" WHERE "id" IN (SELECT "accountId" FROM added) ORDER BY "id" FOR NO KEY UPDATE;
  UPDATE "LedgerAccount" SET "balance" = "LedgerAccount"."balance" + moved."amount"
    FROM (SELECT "accountId", sum("amount")::bigint AS "amount" FROM added GROUP BY "accountId") AS moved
    WHERE "LedgerAccount"."id" = moved."accountId";
  GET DIAGNOSTICS changed = ROW_COUNT;
  SELECT count(DISTINCT "accountId") INTO accounts FROM added;
  IF changed <> accounts THEN
    RAISE EXCEPTION 'a posting names an account that is not there' USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF EXISTS (SELECT FROM added a JOIN "LedgerAccount" l ON l."id" = a."accountId" GROUP BY a."entryId", l."currency" HAVING sum(a."amount") <> 0) THEN
    RAISE EXCEPTION 'the postings of an entry do not sum to zero' USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME;
  END IF;
  IF EXISTS (SELECT FROM (SELECT "entryId", count(*) AS "count" FROM added GROUP BY "entryId") AS a
      JOIN "LedgerEntry" e ON e."id" = a."entryId" WHERE e."postings" <> a."count"
        OR (SELECT count(*) FROM "LedgerPosting" p WHERE p."entryId" = e."id") <> e."postings") THEN
    RAISE EXCEPTION 'an entry has its postings from the start' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "LedgerPosting_keep_balances" AFTER INSERT ON "LedgerPosting"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "ledger_keep_balances"();

-- At the end of the transaction, when all of it is there.
CREATE FUNCTION "ledger_check_entry"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM "LedgerPosting" WHERE "entryId" = NEW."id") <> NEW."postings"
    OR EXISTS (SELECT FROM "LedgerPosting" p JOIN "LedgerAccount" a ON a."id" = p."accountId"
      WHERE p."entryId" = NEW."id" GROUP BY a."currency" HAVING sum(p."amount") <> 0) THEN
    RAISE EXCEPTION 'an entry without its postings, or one that does not sum to zero' USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER "LedgerEntry_whole" AFTER INSERT ON "LedgerEntry"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "ledger_check_entry"();

ALTER TABLE "Gift" ADD CONSTRAINT "Gift_price_check" CHECK ("price" > 0);
ALTER TABLE "SentGift" ADD CONSTRAINT "SentGift_amounts_check"
  CHECK ("quantity" > 0 AND "coins" > 0 AND "commission" >= 0 AND "commission" <= "coins");
ALTER TABLE "Deposit" ADD CONSTRAINT "Deposit_amounts_check"
  CHECK ("coins" > 0 AND "amountMinor" > 0 AND "backMinor" >= 0 AND "coinsBack" BETWEEN 0 AND "coins");
ALTER TABLE "Withdrawal" ADD CONSTRAINT "Withdrawal_amounts_check" CHECK ("coins" > 0 AND "amountMinor" >= 0);
