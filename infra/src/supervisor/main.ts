import { loadEnvironmentFile } from '../setup/loadEnvironmentFile.ts';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../setup/paths.ts';
import { reportingFailures, setup } from '../setup/setup.ts';
import { lanAddress } from './lanAddress.ts';
import { consoleLine } from './logLine.ts';
import type { PartState } from './Part.ts';
import { Stack } from './Stack.ts';
import { startScreen } from './startScreen.ts';

/** `npm start [-- --verbose]`: sets up, starts everything and watches over it until it is told to end. */
const { values } = parseArgs({ options: { verbose: { type: 'boolean', default: false } } });
const services: readonly string[] = ['api', 'sfu', 'ingest', 'workers'];

function say(part: string, text: string): void {
  const time = new Date().toTimeString().slice(0, 8);
  console.log(`${time} ${part.padEnd(10)} ${text}`);
}

function sayLine(part: string, line: string, hasStarted: boolean): void {
  // Until everything runs, a failure ends the start and is told with its last lines.
  if (!hasStarted && !values.verbose) return;
  // Servers write much that is only worth reading in their log file.
  if (!services.includes(part) && !values.verbose) return;
  const text = consoleLine(line, values.verbose);
  if (text !== null) say(part, text);
}

function sayState(part: string, state: PartState, detail: string): void {
  if (state === 'restarting' || state === 'failed') say(part, `${state}: ${detail}`);
}

/** The first request ends everything in order; the second, or one while it still starts, ends it at once. */
function endOnRequest(stack: Stack, hasStarted: () => boolean): void {
  let requests = 0;
  const end = (): void => {
    requests++;
    if (requests > 1) stack.killNow();
    // What else there is ends by the guard, once this process is gone.
    if (requests > 1 || !hasStarted()) process.exit(130);
    console.log('\nStopping (once more Ctrl-C stops at once) …');
    stack.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  // The program that started us (infra/start.mjs) is gone.
  process.on('disconnect', end);
}

await reportingFailures(async () => {
  loadEnvironmentFile();
  await setup({ purpose: 'run', quiet: true });
  const stack = new Stack();
  let started = false;
  endOnRequest(stack, () => started);
  stack.on('line', (part, line) => sayLine(part, line, started));
  console.log('Starting …');
  await stack.start();
  started = true;
  stack.on('state', sayState);
  stack.on('state', (part, state) => {
    if (state === 'running') say(part, 'runs again');
  });
  const { addresses, pids, notes, credentials } = stack;
  const { dir } = stack.data;
  const dataDir = dir.startsWith(`${root}/`) ? relative(root, dir) : dir;
  console.log(
    `\n${startScreen({ addresses, pids, notes, credentials, lanAddress: lanAddress(), dataDir })}\n`,
  );
});
