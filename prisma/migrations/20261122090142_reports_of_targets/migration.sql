-- Whether somebody has reported a thing.
CREATE INDEX "Report_targetId_idx" ON "Report"("targetId");
