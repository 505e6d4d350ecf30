import { procedures, type SignedInProcedures } from '../http/context.ts';
import { clientOf } from '../identity/identity.routes.ts';
import type { SecondFactorService } from './secondFactor.service.ts';

export function secondFactorRoutes(secondFactor: SecondFactorService, signedIn: SignedInProcedures) {
  return {
    begin: signedIn.secondFactor.begin.handler(({ input, context }) =>
      secondFactor.begin(context, input.password),
    ),
    confirm: signedIn.secondFactor.confirm.handler(({ input, context }) =>
      secondFactor.confirm(context, input.code),
    ),
    disable: signedIn.secondFactor.disable.handler(async ({ input, context }) => {
      await secondFactor.disable(context, input);
      return {};
    }),
    renewRecoveryCodes: signedIn.secondFactor.renewRecoveryCodes.handler(({ input, context }) =>
      secondFactor.renewRecoveryCodes(context, input),
    ),
    signIn: procedures.secondFactor.signIn.handler(({ input, context }) =>
      secondFactor.signIn(input, clientOf(context, input)),
    ),
  };
}
