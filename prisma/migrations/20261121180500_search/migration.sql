CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Keys are sorted and compared by their bytes, whatever language the database was made for.
ALTER TABLE "User" ALTER COLUMN "usernameKey" TYPE TEXT COLLATE "C";

-- As near to `foldText` of the contracts as SQL comes without knowing the database's language; new names get the real one.
ALTER TABLE "User" ADD COLUMN "nameKey" TEXT COLLATE "C";
UPDATE "User" SET "nameKey" = btrim(regexp_replace(regexp_replace(
  translate(lower("displayName"), 'أإآٱةىؤئیک٠١٢٣٤٥٦٧٨٩', 'ااااهيوييك0123456789'),
  '[ـءًٌٍَُِّْٰ]', '', 'g'), '\s+', ' ', 'g'));
ALTER TABLE "User" ALTER COLUMN "nameKey" SET NOT NULL;

-- pg_trgm takes for letters what the database's language has for such; in the language C these are Latin letters and digits
-- alone. So the column that is indexed holds each letter of other scripts as a Latin letter or digit. What it finds are
-- candidates: queries compare the names themselves.
CREATE FUNCTION "search_letters"(names TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN translate(names,
    'ابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگڤٹڈڑںے'
    || 'абвгдежзийклмнопрстуфхцчшщъыьэюя'
    || 'αβγδεζηθικλμνξοπρστυφχψω'
    || 'אבגדהוזחטיכלמנסעפצקרשתךםןףץ',
    'abcdefghijklmnopqrstuvwxyz0123456789ab'
    || 'abcdefghijklmnopqrstuvwxyz012345'
    || 'abcdefghijklmnopqrstuvwx'
    || 'abcdefghijklmnopqrstuvwxyz0');

ALTER TABLE "User" ADD COLUMN "letters" TEXT COLLATE "C"
  GENERATED ALWAYS AS (search_letters("usernameKey" || ' ' || "nameKey")) STORED;
CREATE INDEX "User_letters_idx" ON "User" USING gin ("letters" gin_trgm_ops);

-- CreateIndex
CREATE INDEX "User_nameKey_id_idx" ON "User"("nameKey", "id");

-- CreateIndex
CREATE INDEX "User_createdAt_id_idx" ON "User"("createdAt", "id");

-- CreateIndex
CREATE INDEX "User_role_createdAt_id_idx" ON "User"("role", "createdAt", "id");

-- CreateIndex
CREATE INDEX "User_bannedAt_idx" ON "User"("bannedAt");

