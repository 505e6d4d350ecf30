import { loadDatabaseUrl } from '../src/config.ts';
import { createPrisma } from '../src/createPrisma.ts';
import { makeAdmin } from '../src/makeAdmin.ts';

/** Makes the user of this name an admin, in the database of DATABASE_URL; prints one JSON line. Exits with 1 when there is no such account. */
const [username] = process.argv.slice(2);
if (username === undefined) {
  console.error('Say the username of whoever is to be an admin.');
  process.exit(1);
}
const database = createPrisma(loadDatabaseUrl(), { maxConnections: 1 });
try {
  const made = await makeAdmin(database, username);
  if (made === null) {
    console.error(`There is no account "${username}" that isn't banned.`);
    process.exitCode = 1;
  } else process.stdout.write(`${JSON.stringify(made)}\n`);
} finally {
  await database.$disconnect();
}
