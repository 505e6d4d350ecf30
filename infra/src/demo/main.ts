import { loadEnvironmentFile } from '../setup/loadEnvironmentFile.ts';
import { findProgram } from '../setup/paths.ts';
import { reportingFailures } from '../setup/setup.ts';
import { SetupError } from '../setup/SetupError.ts';
import { ManagedProcess, describeExit } from '../process/ManagedProcess.ts';
import { DataFolder } from '../supervisor/dataFolder.ts';
import { isAlive } from '../process/processIdentity.ts';
import { demoArguments } from './demoArguments.ts';

/** `npm run demo`: publishes a moving test picture with sound to the running stack until Ctrl-C. */
await reportingFailures(async () => {
  loadEnvironmentFile();
  const data = new DataFolder();
  const state = await data.readState();
  if (state === null || !isAlive(state.supervisor) || state.addresses === null) {
    throw new SetupError(`Nothing runs on ${data.dir}. Run "npm start" first, in another terminal.`);
  }
  const { demoStreamKey } = await data.secrets();
  if (demoStreamKey === undefined) {
    throw new SetupError(
      'This database was not seeded here, so there is no key to publish with: use OBS or ffmpeg.',
    );
  }
  const ffmpeg = findProgram(process.env['FFMPEG_PATH'] || 'ffmpeg');
  if (ffmpeg === null) throw new SetupError('ffmpeg is missing: run "npm run setup".');
  const child = new ManagedProcess({
    name: 'ffmpeg',
    command: ffmpeg,
    args: demoArguments(`${state.addresses.rtmp}/${demoStreamKey}`),
    stopSignal: 'SIGINT',
    stopTimeoutMs: 5_000,
  });
  console.log(`Publishing a test picture with sound. Watch it: ${state.addresses.watch}\nCtrl-C stops it.`);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void child.stop());
  process.on('disconnect', () => void child.stop());
  const exit = await child.exited;
  const wanted = exit.code === 0 || exit.code === 255 || exit.signal === 'SIGINT';
  if (wanted) process.exit(0);
  const lines = child.lastLines.map((line) => line.replaceAll(demoStreamKey, '<stream key>'));
  throw new SetupError(
    [`The stream was not taken (${describeExit(exit)}). Was the key rotated or revoked?`, ...lines].join(
      '\n  ',
    ),
  );
});
