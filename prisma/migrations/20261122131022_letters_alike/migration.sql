-- Letters of Urdu, Sindhi, Pashto and Kashmiri that `foldText` takes for the Arabic ones they look like, from now on: teh marbuta goal,
-- swash kaf, yeh with tail, Kashmiri yeh, alef with wavy hamza above and below. What was folded before follows.
CREATE FUNCTION pg_temp.alike(folded TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE
AS $$ SELECT translate(folded, U&'\06C3\06AA\06CD\0620\0672\0673', U&'\0647\0643\064A\064A\0627\0627') $$;
UPDATE "User" SET "nameKey" = pg_temp.alike("nameKey") WHERE "nameKey" <> pg_temp.alike("nameKey");
UPDATE "Conversation" SET "nameKey" = pg_temp.alike("nameKey") WHERE "nameKey" <> pg_temp.alike("nameKey");
UPDATE "Session" SET
  "titleKey" = pg_temp.alike("titleKey"),
  "descriptionKey" = pg_temp.alike("descriptionKey"),
  "tagKeys" = ARRAY(SELECT pg_temp.alike(key) FROM unnest("tagKeys") WITH ORDINALITY AS keys (key, place) ORDER BY place)
WHERE concat("titleKey", "descriptionKey", "tagKeys"::text) ~ U&'[\06C3\06AA\06CD\0620\0672\0673]';
