import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadDatabaseUrl } from '../src/config.ts';
import { diffSchemas, migrationsDir, schemaPath } from '../src/migrations.ts';

/**
 * `node prisma/scripts/newMigration.ts NAME` after a change of schema.prisma: writes the migration from the schema of
 * the commit that last added one. Read the SQL before you commit it together with the schema.
 */
function git(...args: string[]): string {
  const result = spawnSync('git', args, { cwd: dirname(schemaPath), encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`git ${args[0]}: ${result.stderr}`);
  return result.stdout.trim();
}

const name = process.argv[2] ?? '';
if (!/^[a-z0-9_]+$/.test(name)) throw new Error('Name the migration in snake_case.');
const commit = git('log', '-1', '--format=%H', '--', 'migrations');
const before = commit === '' ? '' : git('show', `${commit}:./schema.prisma`);
const sql = await diffSchemas(loadDatabaseUrl(), before, await readFile(schemaPath, 'utf8'));
if (sql === '') {
  process.stdout.write('schema.prisma is as the migrations leave the database.\n');
} else {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = join(migrationsDir, `${stamp}_${name}`);
  await mkdir(folder);
  await writeFile(join(folder, 'migration.sql'), sql);
  process.stdout.write(`${folder}\n`);
}
