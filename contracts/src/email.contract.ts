import { z } from 'zod';
import { email, me, phoneCode, phoneSent } from './identity.ts';
import { route } from './route.ts';

const tag = 'Account';

export const emailCodeInput = z.object({
  /** Absent: the address that the account has. */
  email: email.optional(),
});
export const emailProofInput = z.object({ email, code: phoneCode });

/** Spread into `account`. */
export const emailContract = {
  sendEmailCode: route('POST', '/account/email/code', tag, 'Send a code to an email address, to prove it')
    .input(emailCodeInput)
    .output(phoneSent),
  proveEmail: route(
    'POST',
    '/account/email',
    tag,
    'Prove the email address by its code; another one than before takes its place, soon after signing in',
  )
    .input(emailProofInput)
    .output(me),
};
