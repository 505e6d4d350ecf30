import { signedIn } from './identity.ts';
import { nothing, route } from './route.ts';
import {
  recoveryCodes,
  secondFactorBeginInput,
  secondFactorConfirmInput,
  secondFactorProofInput,
  secondFactorSecret,
  secondFactorSignInInput,
} from './secondFactor.ts';

const tag = 'Second factor';

export const secondFactorContract = {
  begin: route(
    'POST',
    '/account/second-factor',
    tag,
    'Get a secret for an authenticator app; it is shown once',
  )
    .input(secondFactorBeginInput)
    .output(secondFactorSecret),
  confirm: route(
    'POST',
    '/account/second-factor/confirm',
    tag,
    'Turn it on with a code of the app; answers the recovery codes, once',
  )
    .input(secondFactorConfirmInput)
    .output(recoveryCodes),
  disable: route('POST', '/account/second-factor/disable', tag, 'Turn it off, with password and code')
    .input(secondFactorProofInput)
    .output(nothing),
  renewRecoveryCodes: route(
    'POST',
    '/account/second-factor/recovery-codes',
    tag,
    'Get new recovery codes, once, with password and code; the old ones are good no more',
  )
    .input(secondFactorProofInput)
    .output(recoveryCodes),
  signIn: route(
    'POST',
    '/auth/second-factor',
    tag,
    'Go on with a sign-in that was answered with `second_factor_required`',
  )
    .input(secondFactorSignInInput)
    .output(signedIn),
};
