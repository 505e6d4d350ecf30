import type { SignedInProcedures } from '../http/context.ts';
import type { EmailService } from '../email/email.service.ts';
import { alreadyTaken } from '../identity/identity.service.ts';
import type { GoogleService } from '../google/google.service.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { PhoneService } from '../phone/phone.service.ts';
import { toMe } from '../identity/toMe.ts';
import type { PresenceService } from '../presence/presence.service.ts';
import type { AccountRepo } from './account.repo.ts';

export interface AccountServices {
  readonly accounts: AccountRepo;
  readonly google: GoogleService;
  readonly phones: PhoneService;
  readonly emails: EmailService;
  readonly limits: RateLimits;
  readonly presence: Pick<PresenceService, 'reset'>;
}

export function accountRoutes(
  { accounts, google, phones, emails, limits, presence }: AccountServices,
  signedIn: SignedInProcedures,
) {
  return {
    update: signedIn.account.update.handler(async ({ input, context }) => {
      await limits.people(context.user.id);
      const user = await accounts.update(context.user.id, input);
      if (user === 'taken') throw alreadyTaken('username');
      if (input.privacy?.presenceFor !== undefined) await presence.reset(user.id);
      return toMe(user);
    }),
    sendEmailCode: signedIn.account.sendEmailCode.handler(({ input, context }) =>
      emails.send(context.user, input.email, context.address),
    ),
    proveEmail: signedIn.account.proveEmail.handler(async ({ input, context }) =>
      toMe(await emails.prove(context, input)),
    ),
    setPhone: signedIn.account.setPhone.handler(async ({ input, context }) =>
      toMe(await phones.take(context, input, context.address)),
    ),
    removePhone: signedIn.account.removePhone.handler(async ({ context }) =>
      toMe(await phones.remove(context)),
    ),
    linkGoogle: signedIn.account.linkGoogle.handler(async ({ input, context }) =>
      toMe(await google.link(context, input.idToken)),
    ),
    unlinkGoogle: signedIn.account.unlinkGoogle.handler(async ({ context }) =>
      toMe(await google.unlink(context)),
    ),
  };
}
