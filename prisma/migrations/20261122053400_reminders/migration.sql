-- CreateTable
CREATE TABLE "SessionReminder" (
    "sessionId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SessionReminder_pkey" PRIMARY KEY ("sessionId","userId")
);

-- CreateIndex
CREATE INDEX "SessionReminder_userId_createdAt_sessionId_idx" ON "SessionReminder"("userId", "createdAt", "sessionId");

-- AddForeignKey
ALTER TABLE "SessionReminder" ADD CONSTRAINT "SessionReminder_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "SessionReminder" ADD CONSTRAINT "SessionReminder_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- However a session ends, nobody is to be reminded of it any more.
CREATE FUNCTION "drop_reminders"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  DELETE FROM "SessionReminder" WHERE "sessionId" = NEW."id";
  RETURN NULL;
END $$;
CREATE TRIGGER "Session_drop_reminders" AFTER UPDATE OF "state" ON "Session" FOR EACH ROW
  WHEN (NEW."state" IN ('ending', 'ended', 'failed') AND OLD."state" NOT IN ('ending', 'ended', 'failed'))
  EXECUTE FUNCTION "drop_reminders"();
