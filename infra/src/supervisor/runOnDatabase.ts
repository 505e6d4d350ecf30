import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runningPostgresUrl } from '../embedded/postgres.ts';
import { loadEnvironmentFile } from '../setup/loadEnvironmentFile.ts';
import { root } from '../setup/paths.ts';
import { SetupError } from '../setup/SetupError.ts';
import { DataFolder } from './dataFolder.ts';

/**
 * Runs a program (path from the root) on the database of DATABASE_URL, or of the stack that runs here, and ends as it ends.
 * @throws SetupError when there is none.
 */
export async function runOnDatabase(program: string, args: readonly string[] = []): Promise<never> {
  loadEnvironmentFile();
  const data = new DataFolder();
  const databaseUrl = process.env['DATABASE_URL'] || (await runningPostgresUrl(data.path('postgres')));
  if (databaseUrl === null) {
    throw new SetupError(
      `No database runs on ${data.dir}. Run "npm start" in another terminal, or set DATABASE_URL.`,
    );
  }
  const command = ['--disable-warning=ExperimentalWarning', join(root, program), ...args];
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  process.exit(spawnSync(process.execPath, command, { env, stdio: 'inherit' }).status ?? 1);
}
