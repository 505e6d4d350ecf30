import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashOf, root, startPostgres, withFileLock } from '@maydan/infra';

const run = promisify(execFile);
const migrate = join(root, 'prisma/scripts/migrate.ts');
const kept = join(root, 'node_modules/.maydan');
/** What the cluster is made of and with. */
const sources = ['prisma/migrations', 'prisma/src/migrations.ts', 'infra/src/embedded', 'package-lock.json'];

/**
 * Makes `dir` the folder of a PostgreSQL cluster with our schema and nothing in it. initdb and migrations take seconds,
 * which tests of the api would spend again and again: it is made once, and copied from then on.
 */
export async function copyMigratedCluster(dir: string): Promise<void> {
  await mkdir(kept, { recursive: true });
  const name = `cluster-${hashOf(sources).slice(0, 16)}`;
  const original = join(kept, name);
  if (!existsSync(original)) {
    await withFileLock(
      `${original}.lock`,
      () => undefined,
      () => makeOriginal(name),
    );
  }
  // With its owner, who may not be us (root).
  await run('cp', ['-a', original, dir]);
}

async function makeOriginal(name: string): Promise<void> {
  if (existsSync(join(kept, name))) return;
  for (const old of await readdir(kept)) {
    if (old.startsWith('cluster-') && !old.startsWith(`${name}.lock`)) {
      await rm(join(kept, old), { recursive: true, force: true });
    }
  }
  const fresh = join(kept, `${name}.new`);
  const postgres = await startPostgres({ dir: fresh, durable: false });
  try {
    await run(process.execPath, [migrate], { env: { ...process.env, DATABASE_URL: postgres.url } });
  } finally {
    await postgres.close();
  }
  await rename(fresh, join(kept, name));
}
