import * as mediasoup from 'mediasoup';
import { dtlsLoop } from './dtlsLoop.ts';
import { srtpLoop } from './srtpLoop.ts';

/**
 * `node verifyWorker.ts PATH` tells the setup whether a mediasoup-worker binary works here: it starts, speaks this
 * version's protocol, carries RTP over each SRTP suite and connects over ICE and DTLS. Exit code 1 and a reason if not.
 */
const [, , workerBin] = process.argv;
if (workerBin === undefined) {
  console.error('usage: node verifyWorker.ts PATH');
  process.exit(2);
}
const deadline = setTimeout(() => {
  console.error('the worker does not answer');
  process.exit(1);
}, 30_000);
try {
  const worker = await mediasoup.createWorker({ workerBin, logLevel: 'error' });
  await srtpLoop(worker);
  await dtlsLoop(worker);
  worker.close();
  console.log(`mediasoup ${mediasoup.version} worker works`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
clearTimeout(deadline);
