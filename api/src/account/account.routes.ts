import type { SignedInProcedures } from '../http/context.ts';
import { alreadyTaken } from '../identity/identity.service.ts';
import { toMe } from '../identity/toMe.ts';
import type { AccountRepo } from './account.repo.ts';

export function accountRoutes(
  { accounts }: { readonly accounts: AccountRepo },
  signedIn: SignedInProcedures,
) {
  return {
    update: signedIn.account.update.handler(async ({ input, context }) => {
      const user = await accounts.update(context.user.id, input);
      if (user === 'taken') throw alreadyTaken('username');
      return toMe(user);
    }),
  };
}
