import { z } from 'zod';
import { pageInput } from './people.ts';
import { accountExport, accountExportPage, accountExportWithFiles } from './personalData.ts';
import { byId, nothing, route } from './route.ts';

const tag = 'Account';

export const accountDeleteInput = z.object({
  /** Absent for an account without one, which has to have signed in within 15 minutes. */
  password: z.string().min(1).max(200).optional(),
});

export const personalDataContract = {
  deleteAccount: route(
    'POST',
    '/account/delete',
    tag,
    'Delete the account for good: all devices are signed out at once, the rest is erased soon',
    202,
  )
    .input(accountDeleteInput)
    .output(nothing),
  createExport: route(
    'POST',
    '/account/exports',
    tag,
    'Ask for a copy of all one’s data: one at a time, three a day; it is kept for 7 days',
    202,
  ).output(accountExport),
  listExports: route('GET', '/account/exports', tag, 'Copies that one asked for, the newest first')
    .input(pageInput)
    .output(accountExportPage),
  getExport: route('GET', '/account/exports/{id}', tag, 'One of them, with addresses of its files')
    .input(byId)
    .output(accountExportWithFiles),
};
