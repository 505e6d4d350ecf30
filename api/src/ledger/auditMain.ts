import { loadConfig } from '@maydan/common';
import { auditConfigSchema } from './config.ts';
import { auditDatabase } from './audit.repo.ts';

/** Proves that the books of DATABASE_URL balance: prints what it found as JSON, exits with 1 when something is wrong. */
const audit = await auditDatabase(loadConfig(auditConfigSchema).DATABASE_URL);
process.stdout.write(`${JSON.stringify(audit, null, 2)}\n`);
process.exitCode = audit.ok ? 0 : 1;
