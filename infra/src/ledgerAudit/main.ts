import { reportingFailures } from '../setup/setup.ts';
import { runOnDatabase } from '../supervisor/runOnDatabase.ts';

/** `npm run ledger:audit`: proves that the books balance, of DATABASE_URL or of the stack that runs here. Exits with 1 when they don't. */
await reportingFailures(() => runOnDatabase('api/src/ledger/auditMain.ts'));
