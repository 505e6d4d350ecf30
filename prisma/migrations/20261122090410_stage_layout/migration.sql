-- How the people of a stage stand in the composed picture.
CREATE TYPE "StageLayout" AS ENUM ('grid', 'spotlight');
ALTER TABLE "Session" ADD COLUMN "stageLayout" "StageLayout" NOT NULL DEFAULT 'grid';
