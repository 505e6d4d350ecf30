-- CreateTable
CREATE TABLE "Category" (
    "id" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "nameEn" TEXT NOT NULL,
    "nameAr" TEXT NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "position" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "Category_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Category_slug_key" ON "Category"("slug");

-- What hosts have written until now becomes the catalogue; admins give the names.
INSERT INTO "Category" ("id", "slug", "nameEn", "nameAr")
SELECT gen_random_uuid(), "category", "category", "category" FROM (
  SELECT DISTINCT "category" FROM "Session" WHERE "category" IS NOT NULL) AS known;

-- CreateIndex
CREATE INDEX "Session_category_createdAt_id_idx" ON "Session"("category", "createdAt", "id");

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_category_fkey" FOREIGN KEY ("category") REFERENCES "Category"("slug") ON DELETE RESTRICT ON UPDATE CASCADE;
