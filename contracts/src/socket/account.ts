import { z } from 'zod';
import { accountExport } from '../personalData.ts';

/** What somebody is told of their own account. */
export const accountEvents = {
  /** `GET /account/exports/{id}` has the addresses of its files. */
  'account:exportReady': z.object({ export: accountExport }),
} as const;
