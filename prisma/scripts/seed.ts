import { loadDatabaseUrl } from '../src/config.ts';
import { createPrisma } from '../src/createPrisma.ts';
import { seed } from '../src/seed.ts';

/** Seeds the database of DATABASE_URL; prints one JSON line, see `SeedResult`. */
const database = createPrisma(loadDatabaseUrl(), { maxConnections: 1 });
try {
  process.stdout.write(`${JSON.stringify(await seed(database))}\n`);
} finally {
  await database.$disconnect();
}
