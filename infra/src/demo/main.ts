import { setTimeout as delay } from 'node:timers/promises';
import { ManagedProcess } from '../process/ManagedProcess.ts';
import { isAlive } from '../process/processIdentity.ts';
import { loadEnvironmentFile } from '../setup/loadEnvironmentFile.ts';
import { findProgram } from '../setup/paths.ts';
import { reportingFailures } from '../setup/setup.ts';
import { SetupError } from '../setup/SetupError.ts';
import { DataFolder } from '../supervisor/dataFolder.ts';
import { cast } from './cast.ts';
import { demoArguments } from './demoArguments.ts';
import { demoPassword, populate } from './populate.ts';

const RETRY_MS = 1_500;
/** A publisher that is turned away so often, each time at once, is not wanted. */
const MAX_REFUSALS = 4;
const REFUSED_WITHIN_MS = 8_000;

interface Target {
  api: string;
  url: string;
  watch: string;
  streamKey: string;
}

/** `npm run demo`: brings people along, and publishes a moving test picture with sound to the running stack until Ctrl-C. */
await reportingFailures(async () => {
  loadEnvironmentFile();
  const data = new DataFolder();
  const ffmpeg = findProgram(process.env['FFMPEG_PATH'] || 'ffmpeg');
  if (ffmpeg === null) throw new SetupError('ffmpeg is missing: run "npm run setup".');
  const first = await findTarget(data);
  console.log(`Publishing a test picture with sound. Watch it: ${first.watch}\nCtrl-C stops it.`);
  // The stream doesn't wait for them, and goes on without them.
  void bringPeople(first);
  await publishUntilStopped(ffmpeg, data, stopRequest());
  // The channel to the program that started us would keep this one.
  process.exit(0);
});

/** @throws SetupError when nothing runs. */
async function findTarget(data: DataFolder): Promise<Target> {
  const state = await data.readState();
  if (state === null || !isAlive(state.supervisor) || state.addresses === null) {
    throw new SetupError(`Nothing runs on ${data.dir}. Run "npm start" first, in another terminal.`);
  }
  const { demoStreamKey: streamKey } = await data.secrets();
  if (streamKey === undefined) {
    throw new SetupError('This database was not seeded here, so there is no key to publish with: use OBS.');
  }
  const { api, rtmp, watch } = state.addresses;
  return { api, url: `${rtmp}/${streamKey}`, watch, streamKey };
}

async function bringPeople({ api, streamKey }: Target): Promise<void> {
  const password = demoPassword(streamKey);
  const names = cast.map(({ username }) => username).join(', ');
  try {
    await populate(api, password);
    console.log(`People who follow, write and show statuses: ${names}. Their password: ${password}`);
  } catch (error) {
    console.error(`The people of the demo (${names}) could not be brought along: ${String(error)}`);
  }
}

/** Connects again after a break, as encoders do, as long as the stack is there. */
async function publishUntilStopped(ffmpeg: string, data: DataFolder, stop: AbortSignal): Promise<void> {
  for (let refusals = 0; !stop.aborted;) {
    const { url, streamKey } = await findTarget(data);
    const startedAtMs = Date.now();
    const lines = await publish(ffmpeg, url, stop);
    if (stop.aborted) return;
    refusals = Date.now() - startedAtMs < REFUSED_WITHIN_MS ? refusals + 1 : 0;
    if (refusals === MAX_REFUSALS) {
      const shown = lines.map((line) => line.replaceAll(streamKey, '<stream key>'));
      const reason =
        'The stream is not taken. Was the key rotated or revoked, or does another publisher use it?';
      throw new SetupError([reason, ...shown].join('\n  '));
    }
    console.log('The connection broke; connecting again …');
    await delay(RETRY_MS, undefined, { signal: stop }).catch(() => {});
  }
}

async function publish(ffmpeg: string, url: string, stop: AbortSignal): Promise<readonly string[]> {
  const child = new ManagedProcess({
    name: 'ffmpeg',
    command: ffmpeg,
    args: demoArguments(url),
    stopSignal: 'SIGINT',
    stopTimeoutMs: 5_000,
  });
  const end = (): void => void child.stop();
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  await child.exited;
  stop.removeEventListener('abort', end);
  return child.lastLines;
}

function stopRequest(): AbortSignal {
  const request = new AbortController();
  const stop = (): void => request.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  process.on('disconnect', stop);
  return request.signal;
}
