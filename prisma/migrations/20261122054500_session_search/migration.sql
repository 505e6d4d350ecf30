-- Texts as they are searched. New ones get `foldText` of the contracts; this is as near to it as SQL comes.
ALTER TABLE "Session" ADD COLUMN "titleKey" TEXT NOT NULL DEFAULT '',
ADD COLUMN "descriptionKey" TEXT NOT NULL DEFAULT '',
ADD COLUMN "hostKey" TEXT NOT NULL DEFAULT '';
UPDATE "Session" s SET
  "titleKey" = btrim(regexp_replace(regexp_replace(
    translate(lower(s."title"), 'أإآٱةىؤئیک٠١٢٣٤٥٦٧٨٩', 'ااااهيوييك0123456789'),
    '[ـءًٌٍَُِّْٰ]', '', 'g'), '\s+', ' ', 'g')),
  "descriptionKey" = btrim(regexp_replace(regexp_replace(
    translate(lower(s."description"), 'أإآٱةىؤئیک٠١٢٣٤٥٦٧٨٩', 'ااااهيوييك0123456789'),
    '[ـءًٌٍَُِّْٰ]', '', 'g'), '\s+', ' ', 'g')),
  "hostKey" = u."usernameKey" || ' ' || u."nameKey"
FROM "User" u WHERE u."id" = s."hostId";

-- A session is found by its host's names, whenever they change. Whoever makes one waits for a change that is being made.
CREATE FUNCTION "session_host_key"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  SELECT "usernameKey" || ' ' || "nameKey" INTO NEW."hostKey" FROM "User" WHERE "id" = NEW."hostId" FOR SHARE;
  NEW."hostKey" := coalesce(NEW."hostKey", '');
  RETURN NEW;
END $$;
CREATE TRIGGER "Session_host_key" BEFORE INSERT ON "Session" FOR EACH ROW EXECUTE FUNCTION "session_host_key"();
CREATE FUNCTION "host_key_changed"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE "Session" SET "hostKey" = NEW."usernameKey" || ' ' || NEW."nameKey" WHERE "hostId" = NEW."id";
  RETURN NULL;
END $$;
CREATE TRIGGER "User_host_key" AFTER UPDATE OF "usernameKey", "nameKey" ON "User" FOR EACH ROW
  WHEN (NEW."usernameKey" <> OLD."usernameKey" OR NEW."nameKey" <> OLD."nameKey")
  EXECUTE FUNCTION "host_key_changed"();

-- All that a session is found by. As in "User", the index holds letters of other scripts as Latin ones; see "search_letters".
CREATE FUNCTION "session_text"(title TEXT, description TEXT, tags TEXT[], host TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN title || ' ' || description || ' ' || array_to_string(tags, ' ') || ' ' || host;
ALTER TABLE "Session" ADD COLUMN "letters" TEXT COLLATE "C"
  GENERATED ALWAYS AS (search_letters(session_text("titleKey", "descriptionKey", coalesce("tagKeys", '{}'), "hostKey"))) STORED;
CREATE INDEX "Session_letters_idx" ON "Session" USING gin ("letters" gin_trgm_ops);

-- Recordings that are listed, in the order of their list; Prisma has no word for indexes over some rows.
CREATE INDEX "Session_recordings_idx" ON "Session" ("createdAt", "id")
  WHERE "recorded" AND "state" IN ('ended', 'failed') AND "visibility" <> 'unlisted';

-- CreateIndex
CREATE INDEX "Session_state_scheduledStartAt_id_idx" ON "Session"("state", "scheduledStartAt", "id");
