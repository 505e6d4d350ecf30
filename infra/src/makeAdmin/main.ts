import { reportingFailures } from '../setup/setup.ts';
import { runOnDatabase } from '../supervisor/runOnDatabase.ts';

/** `npm run make-admin -- NAME`: makes somebody an admin, in DATABASE_URL or the stack that runs here. Exits with 1 when there is no such account. */
await reportingFailures(() => runOnDatabase('prisma/scripts/makeAdmin.ts', process.argv.slice(2)));
