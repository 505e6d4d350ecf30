import { ManagedProcess, describeExit } from '../process/ManagedProcess.ts';
import type { ProcessSpec } from '../process/ManagedProcess.ts';

/**
 * Runs a program to its end.
 * @throws Error with its last lines when it fails.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: Pick<ProcessSpec, 'cwd' | 'env' | 'onLine'> = {},
): Promise<void> {
  const child = new ManagedProcess({ name: command, command, args, env: process.env, ...options });
  const exit = await child.exited;
  if (exit.code !== 0) {
    throw new Error(
      [`${[command, ...args].join(' ').slice(0, 200)} ${describeExit(exit)}`, ...child.lastLines].join(
        '\n  ',
      ),
    );
  }
}
