import { loadDatabaseUrl } from '../src/config.ts';
import { migrate } from '../src/migrations.ts';

/**
 * Brings the database of DATABASE_URL up to date; prints one JSON line `{"applied":["…"]}`, or the reason on stderr
 * and exits with 1. The exit is explicit: the engine leaves a timer of ten seconds behind.
 */
try {
  const applied = await migrate(loadDatabaseUrl());
  process.stdout.write(`${JSON.stringify({ applied })}\n`, () => process.exit(0));
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`The migration failed, nothing was changed: ${reason}\n`, () => process.exit(1));
}
