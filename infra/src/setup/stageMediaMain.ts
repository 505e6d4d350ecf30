import { reportingFailures } from './setup.ts';
import { ensureStageMedia } from './stageMedia.ts';

/** Builds the program that composes stages, in this checkout; for the container image. */
await reportingFailures(async () => {
  await ensureStageMedia((text) => console.log(text));
});
