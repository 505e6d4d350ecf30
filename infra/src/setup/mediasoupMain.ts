import { copyFileSync } from 'node:fs';
import { ensureMediasoupWorker } from './mediasoupWorker.ts';
import { reportingFailures } from './setup.ts';
import { SetupError } from './SetupError.ts';

/** `node mediasoupMain.ts TARGET`: fetches or builds mediasoup's worker and puts a copy there; for the container image. */
await reportingFailures(async () => {
  const [, , target] = process.argv;
  if (target === undefined) throw new SetupError('usage: node mediasoupMain.ts TARGET');
  copyFileSync(await ensureMediasoupWorker((text) => console.log(text)), target);
});
