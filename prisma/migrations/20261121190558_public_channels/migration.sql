-- Keys are sorted and compared by their bytes, whatever language the database was made for.
ALTER TABLE "Conversation" ALTER COLUMN "nameKey" TYPE TEXT COLLATE "C";

-- CreateIndex
CREATE INDEX "Conversation_nameKey_id_idx" ON "Conversation"("nameKey", "id");

-- Words within names; see the migration of the search for people. Only public channels have a key.
CREATE INDEX "Conversation_letters_idx" ON "Conversation" USING gin (search_letters("nameKey") gin_trgm_ops)
  WHERE "nameKey" IS NOT NULL;
