-- Tags as they are compared.
ALTER TABLE "Session" ADD COLUMN "tagKeys" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- As near to `tagKey` of the contracts as SQL comes; new tags get the real one.
UPDATE "Session" SET "tagKeys" = ARRAY(
  SELECT DISTINCT btrim(regexp_replace(regexp_replace(
    translate(lower("tag"), 'أإآٱةىؤئیک٠١٢٣٤٥٦٧٨٩', 'ااااهيوييك0123456789'),
    '[ـءًٌٍَُِّْٰ]', '', 'g'), '\s+', ' ', 'g')) FROM unnest("tags") AS t("tag"))
WHERE "tags" <> '{}';

-- CreateIndex
CREATE INDEX "Session_tagKeys_idx" ON "Session" USING GIN ("tagKeys");
