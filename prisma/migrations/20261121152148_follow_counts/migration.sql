-- CreateTable
CREATE TABLE "FollowCount" (
    "userId" UUID NOT NULL,
    "followers" INTEGER NOT NULL DEFAULT 0,
    "following" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "FollowCount_pkey" PRIMARY KEY ("userId")
);

-- AddForeignKey
ALTER TABLE "FollowCount" ADD CONSTRAINT "FollowCount_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- The counts follow the rows, whoever adds or deletes them, also when a deleted user takes follows along. Rows are locked in
-- the order of their ids, so that people who follow each other at once don't wait for each other in a circle.
CREATE FUNCTION "count_new_follows"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "FollowCount" ("userId", "followers", "following")
  SELECT "userId", sum("followers"), sum("following") FROM (
    SELECT "followeeId" AS "userId", 1 AS "followers", 0 AS "following" FROM changed
    UNION ALL SELECT "followerId", 0, 1 FROM changed
  ) AS counted GROUP BY "userId" ORDER BY "userId"
  ON CONFLICT ("userId") DO UPDATE SET
    "followers" = "FollowCount"."followers" + EXCLUDED."followers",
    "following" = "FollowCount"."following" + EXCLUDED."following";
  RETURN NULL;
END $$;

CREATE FUNCTION "count_ended_follows"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM "FollowCount"
    WHERE "userId" IN (SELECT "followeeId" FROM changed UNION SELECT "followerId" FROM changed)
    ORDER BY "userId" FOR NO KEY UPDATE;
  UPDATE "FollowCount" SET
    "followers" = "FollowCount"."followers" - counted."followers",
    "following" = "FollowCount"."following" - counted."following"
  FROM (
    SELECT "userId", sum("followers") AS "followers", sum("following") AS "following" FROM (
      SELECT "followeeId" AS "userId", 1 AS "followers", 0 AS "following" FROM changed
      UNION ALL SELECT "followerId", 0, 1 FROM changed
    ) AS ended GROUP BY "userId"
  ) AS counted WHERE "FollowCount"."userId" = counted."userId";
  RETURN NULL;
END $$;

CREATE TRIGGER "Follow_count_new" AFTER INSERT ON "Follow"
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION "count_new_follows"();
CREATE TRIGGER "Follow_count_ended" AFTER DELETE ON "Follow"
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION "count_ended_follows"();
