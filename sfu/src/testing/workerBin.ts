import { readFileSync } from 'node:fs';

/** The worker binary that the setup found or built (infra/src/setup); the tests use the same. */
export function workerBin(): string {
  const stamp = new URL('../../../node_modules/.maydan/mediasoup-worker.stamp', import.meta.url);
  try {
    return readFileSync(stamp, 'utf8');
  } catch (cause) {
    throw new Error('There is no mediasoup worker: run "npm run setup"', { cause });
  }
}
