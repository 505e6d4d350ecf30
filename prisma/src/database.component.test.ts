import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { startPostgres, type EmbeddedPostgres } from '@maydan/infra';
import pg from 'pg';
import { ask, createPrisma, isTaken, Prisma, verifyPassword } from './index.ts';
import { diffSchemas, schemaPath } from './migrations.ts';
import { startBreaking } from './testing/startBreaking.ts';

const run = promisify(execFile);
const scripts = join(dirname(import.meta.filename), '..', 'scripts');
let dir: string;
let server: EmbeddedPostgres;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'maydan-prisma-'));
  server = await startPostgres({ dir, durable: false });
}, 60_000);

afterAll(async () => {
  await server?.close();
  await rm(dir, { recursive: true, force: true });
});

/** A new empty database on the test's server. */
async function createDatabase(name: string): Promise<string> {
  await query(server.url, `CREATE DATABASE "${name}"`);
  return server.url.replace(/\/postgres$/, `/${name}`);
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query<Record<string, unknown>>(sql);
    return result.rows;
  } finally {
    await client.end();
  }
}

async function script(name: string, url: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, [join(scripts, name), ...args], {
    env: { ...process.env, DATABASE_URL: url },
  });
  return JSON.parse(stdout);
}

/**
 * Columns, indexes and constraints, as the catalogue tells them. Prisma has no word for a generated column, for an index
 * of an expression and for one of a part of the rows, and none for checks and constraint triggers; those that are there are in the migrations alone.
 */
const shape = `
  SELECT table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS line
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations' AND is_generated = 'NEVER'
  UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
    AND indexname NOT IN ('User_letters_idx', 'Conversation_letters_idx',
      'Media_awaiting_idx', 'Media_unused_idx', 'Media_ownerless_idx',
      'Session_shut_idx', 'Session_unremoved_idx', 'Session_recordings_idx', 'Session_letters_idx')
  UNION SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype NOT IN ('c', 't') AND conrelid <> 0 AND conrelid::regclass::text <> '_prisma_migrations'
  UNION SELECT t.typname || ': ' || string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)
    FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY t.typname
  ORDER BY 1`;

describe('migrate', () => {
  it('is applied once by processes that start together, and leaves what the schema says', async () => {
    const url = await createDatabase('migrated');
    const results = await Promise.all([script('migrate.ts', url), script('migrate.ts', url)]);
    const applied = results.flatMap((result) => (result as { applied: string[] }).applied);
    expect(applied.length).toBeGreaterThan(0);
    expect(new Set(applied).size).toBe(applied.length);
    expect(await script('migrate.ts', url)).toEqual({ applied: [] });

    const fresh = await createDatabase('fresh');
    await query(fresh, await diffSchemas(fresh, '', await readFile(schemaPath, 'utf8')));
    const lines = await query(url, shape);
    expect(lines.length).toBeGreaterThan(50);
    expect(lines).toEqual(await query(fresh, shape));
  }, 60_000);

  it('writes the rows that "prisma migrate deploy" goes by', async () => {
    const url = server.url.replace(/\/postgres$/, '/migrated');
    const rows = await query(url, 'SELECT * FROM _prisma_migrations');
    for (const row of rows) {
      expect(row).toMatchObject({ rolled_back_at: null, applied_steps_count: 1, logs: null });
      expect(row).toHaveProperty('finished_at', expect.any(Date));
    }
  });

  it('says what is wrong and changes nothing when it fails', async () => {
    const url = await createDatabase('obstructed');
    await query(url, `CREATE TYPE "SessionType" AS ENUM ('other')`);
    await expect(script('migrate.ts', url)).rejects.toThrow('type "SessionType" already exists');
    expect(await query(url, `SELECT typname FROM pg_type WHERE typtype = 'e'`)).toEqual([
      { typname: 'SessionType' },
    ]);
    expect(await query(url, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)).toEqual([]);
  }, 30_000);
});

describe('seed', () => {
  it('makes its people once, and nothing secret is stored', async () => {
    const url = await createDatabase('seeded');
    await script('migrate.ts', url);
    const results = await Promise.all([script('seed.ts', url), script('seed.ts', url)]);
    expect(results).toContainEqual({ created: false });
    const made = results.find((result) => (result as { created: boolean }).created) as {
      users: { username: string; password: string; role: string }[];
      streamKey: string;
    };
    expect(made.users.map((user) => [user.username, user.role])).toEqual([
      ['admin', 'admin'],
      ['broadcaster', 'user'],
      ['viewer', 'user'],
    ]);
    const database = createPrisma(url);
    try {
      const stored = await database.user.findMany({ include: { streamKeys: true } });
      const text = JSON.stringify(stored);
      expect(text).not.toContain(made.streamKey);
      for (const { username, password } of made.users) {
        expect(text).not.toContain(password);
        const user = stored.find((row) => row.usernameKey === username);
        expect(await verifyPassword(user?.passwordHash ?? '', password)).toBe(true);
      }
      expect(stored.flatMap((user) => user.streamKeys)).toHaveLength(1);
    } finally {
      await database.$disconnect();
    }
    expect(await script('seed.ts', url)).toEqual({ created: false });
  }, 60_000);

  it('is followed by further admins that a command makes, who are in the audit log', async () => {
    const url = server.url.replace(/\/postgres$/, '/seeded');
    const make = (...name: string[]) => script('makeAdmin.ts', url, ...name);
    const both = await Promise.all([make('Viewer'), make('viewer')]);
    expect(both.map((made) => (made as { before: string }).before).sort()).toEqual(['admin', 'user']);
    expect(await query(url, `SELECT "role" FROM "User" WHERE "usernameKey" = 'viewer'`)).toEqual([
      { role: 'admin' },
    ]);
    const acts = `SELECT "action", "actorId", "role", "details" FROM "AuditEntry" WHERE "action" = 'user.roleChanged'`;
    expect(await query(url, acts)).toEqual([
      {
        ...{ action: 'user.roleChanged', actorId: null, role: 'system' },
        details: { before: 'user', role: 'admin' },
      },
    ]);
    await query(url, `UPDATE "User" SET "bannedAt" = now() WHERE "usernameKey" = 'broadcaster'`);
    await expect(make('broadcaster')).rejects.toThrow('There is no account "broadcaster"');
    await expect(make('nobody')).rejects.toThrow('There is no account "nobody"');
    await expect(make()).rejects.toThrow('Say the username');
  }, 60_000);

  it('leaves a database that has users alone', async () => {
    const url = await createDatabase('used');
    await script('migrate.ts', url);
    const database = createPrisma(url);
    try {
      await database.user.create({
        data: {
          username: 'Ann',
          usernameKey: 'ann',
          nameKey: 'ann',
          email: 'a@example.org',
          displayName: 'Ann',
          passwordHash: '',
        },
      });
    } finally {
      await database.$disconnect();
    }
    expect(await script('seed.ts', url)).toEqual({ created: false });
  }, 30_000);
});

describe('a statement that is asked often', () => {
  it('is planned once for each connection, of the pool that Prisma uses, too, and gives rows as they are', async () => {
    const told: string[] = [];
    const url = await createDatabase('asked');
    const database = createPrisma(url, { maxConnections: 1, onQuery: (sql) => told.push(sql) });
    try {
      const of = (id: number) =>
        ask(
          database,
          Prisma.sql`SELECT ${id}::int AS "id", 'epoch'::timestamptz AS "at", ARRAY[NULL, 'x'] AS "names"`,
        );
      const row = { at: new Date(0), names: [null, 'x'] };
      expect(await of(1)).toEqual([{ id: 1, ...row }]);
      expect(await of(2)).toEqual([{ id: 2, ...row }]);
      const known = await database.$queryRaw`SELECT "name" FROM pg_prepared_statements WHERE "name" <> ''`;
      expect(known).toEqual([{ name: expect.stringMatching(/^[0-9a-f]{40}$/) }]);
      expect(told).toHaveLength(3);
    } finally {
      await database.$disconnect();
    }
  }, 30_000);

  it('rejects with what the server says, and the connection goes on', async () => {
    const database = createPrisma(await createDatabase('refused'), { maxConnections: 1 });
    try {
      await database.$executeRaw`CREATE TABLE "one" ("id" int PRIMARY KEY)`;
      const insert = () => ask(database, Prisma.sql`INSERT INTO "one" VALUES (${1}::int) RETURNING "id"`);
      expect(await insert()).toEqual([{ id: 1 }]);
      const again = await insert().catch((error: unknown) => error);
      const byPrisma = await database.$executeRaw`INSERT INTO "one" VALUES (1)`.catch(
        (error: unknown) => error,
      );
      expect([isTaken(again), isTaken(byPrisma)]).toEqual([true, true]);
      const wrong = await ask(database, Prisma.sql`SELECT 1 / ${0}::int`).catch((error: unknown) => error);
      expect(wrong).toMatchObject({ message: 'division by zero' });
      expect([isTaken(wrong), isTaken(null)]).toEqual([false, false]);
      expect(await ask(database, Prisma.sql`SELECT 1 AS "id"`)).toEqual([{ id: 1 }]);
    } finally {
      await database.$disconnect();
    }
  }, 30_000);
});

describe('a transaction', () => {
  it('asks its connection one thing at a time, also for a row with several relations', async () => {
    const program = `
      const { createPrisma } = await import('${join(import.meta.dirname, 'index.ts')}');
      const database = createPrisma(process.env.DATABASE_URL, { maxConnections: 1 });
      const include = { signIns: true, streamKeys: true, lastSeen: true, followCount: true };
      const read = (transaction) => transaction.user.findFirst({ where: { username: 'broadcaster' }, include });
      const failing = database.$transaction(async (transaction) => {
        await Promise.all([transaction.$queryRaw\`SELECT 1 / 0\`, read(transaction)]);
      });
      const failed = await failing.then(() => '', ({ message }) => message);
      const { streamKeys } = await database.$transaction(read);
      console.log(JSON.stringify({ failed, keys: streamKeys.length }));
      await database.$disconnect();`;
    const url = server.url.replace(/\/postgres$/, '/seeded');
    // pg warns of a statement that waits behind another.
    const { stdout } = await run(
      process.execPath,
      ['--throw-deprecation', '--input-type=module', '-e', program],
      {
        env: { ...process.env, DATABASE_URL: url },
      },
    );
    expect(JSON.parse(stdout)).toEqual({ failed: expect.stringContaining('division by zero'), keys: 1 });
  }, 30_000);
});

describe('a connection', () => {
  it('that ends while it is handed over fails the one who is given it, and nobody else', async () => {
    const { url, proxy } = await startBreaking(server.url, 'last words');
    const database = createPrisma(url, { maxConnections: 1 });
    try {
      const last = database.$queryRaw`SELECT 'last ' || 'words' AS "said"`;
      const waiting = database.$transaction((transaction) => transaction.$queryRaw`SELECT 1 AS "one"`);
      expect(await last).toEqual([{ said: 'last words' }]);
      await expect(waiting).rejects.toThrow(/administrator command|not queryable|terminated|closed/i);
      expect(await database.$queryRaw`SELECT 2 AS "two"`).toEqual([{ two: 2 }]);
    } finally {
      await database.$disconnect();
      proxy.close();
    }
  }, 30_000);
});
