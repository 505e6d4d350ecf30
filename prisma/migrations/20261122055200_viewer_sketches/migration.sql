-- Who watched in which quarter of an hour, for sessions that go on over the end of a period.
CREATE TABLE "ViewerSketch" (
    "sessionId" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "sketch" BYTEA NOT NULL,

    CONSTRAINT "ViewerSketch_pkey" PRIMARY KEY ("sessionId","at")
);
CREATE INDEX "ViewerSketch_at_idx" ON "ViewerSketch"("at");
ALTER TABLE "ViewerSketch" ADD CONSTRAINT "ViewerSketch_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;
