import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { PrismaPg } from '@prisma/adapter-pg';
import { SchemaEngine, type MigrationList } from '@prisma/schema-engine-wasm';
import pg from 'pg';

const root = join(dirname(import.meta.filename), '..');
export const migrationsDir = join(root, 'migrations');
export const schemaPath = join(root, 'schema.prisma');
const noFilters = { externalTables: [], externalEnums: [] };
/** Any number, the same for all: only one process migrates a database at a time. */
const lockNumber = 820_117;

/**
 * Applies what is missing of `migrations/` with Prisma's own schema engine (its WebAssembly build, as the native one
 * would be downloaded), so that `prisma migrate deploy` goes on from there. Everything happens in one transaction:
 * a process that is killed half-way leaves the database as it was. Concurrent calls wait for each other.
 * @returns names of the migrations that were applied now.
 * @throws Error with the database's message; nothing is changed then.
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  return withEngine(databaseUrl, async (engine, pool) => {
    await pool.query('BEGIN');
    await pool.query(`SELECT pg_advisory_xact_lock(${lockNumber})`);
    const migrationsList = await readMigrations();
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: noFilters });
    await pool.query('COMMIT');
    return appliedMigrationNames;
  });
}

/** SQL that takes a database from one Prisma schema (empty text: an empty database) to another. The database is only asked for its version. */
export async function diffSchemas(databaseUrl: string, from: string, to: string): Promise<string> {
  const schema = (content: string) => ({
    tag: 'schemaDatamodel' as const,
    files: [{ path: schemaPath, content }],
  });
  return withEngine(databaseUrl, async (engine) => {
    const result = await engine.diff({
      from: from === '' ? { tag: 'empty' } : schema(from),
      to: schema(to),
      script: true,
      exitCode: true,
      filters: noFilters,
    });
    return result.exitCode === 2 ? (result.stdout ?? '') : '';
  });
}

async function withEngine<T>(
  databaseUrl: string,
  use: (engine: SchemaEngine, pool: pg.Pool) => Promise<T>,
): Promise<T> {
  // One connection, so that the transaction opened above spans all the engine does.
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const failures: unknown[] = [];
  const factory = bindMigrationAwareSqlAdapterFactory(new ScriptAdapter(pool, failures));
  try {
    const engine = await SchemaEngine.new({ datamodels: undefined }, () => undefined, factory);
    try {
      return await use(engine, pool);
    } finally {
      engine.free();
    }
  } catch (error) {
    // The engine's own message hides behind the aborted transaction; the first failure is the cause.
    throw failures[0] ?? error;
  } finally {
    await pool.end();
  }
}

/** The adapter cuts scripts at each `;`, also inside functions; PostgreSQL takes a script as it is. */
class ScriptAdapter extends PrismaPg {
  readonly #pool: pg.Pool;
  readonly #failures: unknown[];

  constructor(pool: pg.Pool, failures: unknown[]) {
    super(pool);
    this.#pool = pool;
    this.#failures = failures;
  }

  override async connect(): ReturnType<PrismaPg['connect']> {
    const connection = await super.connect();
    connection.executeScript = async (script: string) => {
      try {
        await this.#pool.query(script);
      } catch (error) {
        this.#failures.push(error);
        throw error;
      }
    };
    return connection;
  }
}

async function readMigrations(): Promise<MigrationList> {
  const entries = await readdir(migrationsDir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const read = async (name: string) => ({
    path: name,
    migrationFile: {
      path: 'migration.sql',
      content: {
        tag: 'ok' as const,
        value: await readFile(join(migrationsDir, name, 'migration.sql'), 'utf8'),
      },
    },
  });
  return {
    baseDir: migrationsDir,
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(join(migrationsDir, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(names.sort().map(read)),
  };
}
