import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runningPostgresUrl } from '../embedded/postgres.ts';
import { loadEnvironmentFile } from '../setup/loadEnvironmentFile.ts';
import { root } from '../setup/paths.ts';
import { reportingFailures } from '../setup/setup.ts';
import { SetupError } from '../setup/SetupError.ts';
import { DataFolder } from '../supervisor/dataFolder.ts';

/** `npm run ledger:audit`: proves that the books balance, of DATABASE_URL or of the stack that runs here. Exits with 1 when they don't. */
await reportingFailures(async () => {
  loadEnvironmentFile();
  const data = new DataFolder();
  const databaseUrl = process.env['DATABASE_URL'] || (await runningPostgresUrl(data.path('postgres')));
  if (databaseUrl === null) {
    throw new SetupError(
      `No database runs on ${data.dir}. Run "npm start" in another terminal, or set DATABASE_URL.`,
    );
  }
  const program = join(root, 'api', 'src', 'ledger', 'auditMain.ts');
  const { status } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
});
