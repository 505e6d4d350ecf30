import { z } from 'zod';

/** What the audit of the ledger reads. */
export const auditConfigSchema = z.object({
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must start with postgresql://'),
});
