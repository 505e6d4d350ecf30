import { procedures, type SignedInProcedures } from '../http/context.ts';
import type { GoogleService } from '../google/google.service.ts';
import type { PhoneService } from '../phone/phone.service.ts';
import type { ClientInfo, SignInsService } from './signIns.service.ts';
import type { IdentityService } from './identity.service.ts';
import { toMe } from './toMe.ts';

export interface IdentityServices {
  readonly identity: IdentityService;
  readonly signIns: SignInsService;
  readonly google: GoogleService;
  readonly phones: PhoneService;
}

export function identityRoutes(
  { identity, signIns, google, phones }: IdentityServices,
  signedIn: SignedInProcedures,
) {
  return {
    register: procedures.auth.register.handler(({ input, context }) =>
      identity.register(input, clientOf(context, input)),
    ),
    login: procedures.auth.login.handler(({ input, context }) =>
      identity.login(input, clientOf(context, input)),
    ),
    google: procedures.auth.google.handler(({ input, context }) =>
      google.signIn(input.idToken, clientOf(context, input)),
    ),
    sendPhoneCode: procedures.auth.sendPhoneCode.handler(({ input, context }) =>
      phones.send(input.phone, context.address),
    ),
    verifyPhoneCode: procedures.auth.verifyPhoneCode.handler(({ input, context }) =>
      phones.signIn(input, clientOf(context, input)),
    ),
    refresh: procedures.auth.refresh.handler(({ input, context }) =>
      signIns.refresh(input.refreshToken, context),
    ),
    logout: procedures.auth.logout.handler(async ({ input }) => {
      await signIns.logout(input.refreshToken);
      return {};
    }),
    me: signedIn.auth.me.handler(({ context }) => toMe(context.user)),
    listSignIns: signedIn.auth.listSignIns.handler(async ({ context }) => {
      const items = await signIns.list(context.user.id);
      return {
        items: items.map(({ id, userAgent, deviceName, createdAt, lastUsedAt }) => ({
          ...{ id, userAgent, deviceName },
          createdAt: createdAt.toISOString(),
          lastUsedAt: lastUsedAt.toISOString(),
          current: id === context.signInId,
        })),
      };
    }),
    revokeSignIn: signedIn.auth.revokeSignIn.handler(async ({ input, context }) => {
      await signIns.revoke(context.user.id, input.id);
      return {};
    }),
    revokeOtherSignIns: signedIn.auth.revokeOtherSignIns.handler(async ({ context }) => ({
      ended: await signIns.revokeOthers(context),
    })),
    changePassword: signedIn.auth.changePassword.handler(async ({ input, context }) => {
      await identity.changePassword(context, input);
      return {};
    }),
  };
}

/** Whose device asks: what the request says, and how the client calls itself. */
export function clientOf(
  { address, userAgent }: ClientInfo,
  { deviceName }: { deviceName?: string | undefined },
): ClientInfo {
  return { address, userAgent, deviceName };
}
