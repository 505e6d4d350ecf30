import { loadConfig } from '@maydan/common';
import { z } from 'zod';

/** What the scripts of this package read. */
export const databaseConfigSchema = z.object({
  /** `postgresql://user:password@host:port/database`, or with `?host=/path/of/socket`. */
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must start with postgresql://'),
});

export function loadDatabaseUrl(): string {
  return loadConfig(databaseConfigSchema).DATABASE_URL;
}
