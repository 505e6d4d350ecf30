import { z } from 'zod';
import { report, reportDetails, reportInput } from '../reports.ts';
import { message } from './message.ts';

export const reportMessages = {
  /** By anybody with an account, as over REST: again the open report is answered. */
  'report:create': message({ access: 'signedIn', input: reportInput, output: z.object({ report }) }),
  /** For moderators and admins: to be told of reports from now on. Others are refused (`forbidden`), and whoever moderates no more hears no more. */
  'reports:subscribe': message({ access: 'signedIn', input: z.object({}), output: z.object({}) }),
  'reports:unsubscribe': message({ access: 'signedIn', input: z.object({}), output: z.object({}) }),
};

/** To moderators who have subscribed. */
export const reportEvents = {
  'report:created': z.object({ report: reportDetails }),
  /** Assigned to somebody, or to nobody any more; resolved or dismissed. */
  'report:changed': z.object({ report: reportDetails }),
} as const;
