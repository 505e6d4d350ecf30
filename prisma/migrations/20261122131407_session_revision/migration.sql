-- Tells which of two states of a session is the newer one, whatever the clocks of those who wrote them say.
ALTER TABLE "Session" ADD COLUMN "revision" INTEGER NOT NULL DEFAULT 0;
CREATE FUNCTION "session_revision"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  NEW."revision" := OLD."revision" + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER "Session_revision" BEFORE UPDATE ON "Session" FOR EACH ROW EXECUTE FUNCTION "session_revision"();
