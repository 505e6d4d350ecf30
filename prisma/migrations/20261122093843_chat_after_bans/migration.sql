-- What somebody writes at the moment at which they are banned from a session: whoever stores it asks once more, behind the lock of
-- the room that it takes first. Whoever bans takes the same lock, after the commit, to delete what was written before.
CREATE FUNCTION skip_banned_senders() RETURNS trigger AS $$
BEGIN
  IF EXISTS (SELECT FROM "SessionBan" b WHERE b."sessionId" = NEW."sessionId" AND b."userId" = NEW."senderId"
    AND (b."expiresAt" IS NULL OR b."expiresAt" > now())) THEN RETURN NULL; END IF;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER "ChatMessage_banned" BEFORE INSERT ON "ChatMessage" FOR EACH ROW EXECUTE FUNCTION skip_banned_senders();
