import { ManagedProcess } from '../process/ManagedProcess.ts';
import { waitUntilReady } from '../process/waitUntil.ts';
import { root } from '../setup/paths.ts';
import type { ServiceName } from './environments.ts';
import type { RunningPart } from './Part.ts';
import { serviceArguments } from './serviceArguments.ts';

const READY_DEADLINE_MS = 60_000;
/** A little more than the services give themselves. */
const STOP_TIMEOUT_MS = 12_000;

/**
 * Starts `<service>/src/main.ts` and waits until its `/health/ready` says yes.
 * @throws Error with its last lines when it ends or does not get ready.
 */
export async function startService(
  name: ServiceName,
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<RunningPart> {
  const child = new ManagedProcess({
    name,
    command: process.execPath,
    args: serviceArguments(name),
    env,
    cwd: root,
    wave: 1,
    stopTimeoutMs: STOP_TIMEOUT_MS,
    onLine,
  });
  await waitUntilReady(child, () => isReady(Number(env['OPS_PORT'])), READY_DEADLINE_MS, signal);
  return {
    pid: child.pid,
    exited: child.exited,
    close: async () => {
      await child.stop();
    },
  };
}

async function isReady(opsPort: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${opsPort}/health/ready`, {
    signal: AbortSignal.timeout(2_000),
  });
  await response.body?.cancel();
  return response.ok;
}
