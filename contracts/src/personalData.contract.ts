import { z } from 'zod';
import { nothing, route } from './route.ts';

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
};
