import { procedures, type SignedInProcedures } from '../http/context.ts';
import { toMe, type IdentityService } from './identity.service.ts';

export function identityRoutes(identity: IdentityService, signedIn: SignedInProcedures) {
  return {
    register: procedures.auth.register.handler(({ input, context }) => identity.register(input, context)),
    login: procedures.auth.login.handler(({ input, context }) => identity.login(input, context)),
    refresh: procedures.auth.refresh.handler(({ input, context }) =>
      identity.refresh(input.refreshToken, context),
    ),
    logout: procedures.auth.logout.handler(async ({ input }) => {
      await identity.logout(input.refreshToken);
      return {};
    }),
    me: signedIn.auth.me.handler(({ context }) => toMe(context.user)),
    listSignIns: signedIn.auth.listSignIns.handler(async ({ context }) => {
      const signIns = await identity.listSignIns(context.user.id);
      return {
        items: signIns.map(({ id, userAgent, createdAt, lastUsedAt }) => ({
          id,
          userAgent,
          createdAt: createdAt.toISOString(),
          lastUsedAt: lastUsedAt.toISOString(),
          current: id === context.signInId,
        })),
      };
    }),
    revokeSignIn: signedIn.auth.revokeSignIn.handler(async ({ input, context }) => {
      await identity.revokeSignIn(context.user.id, input.id);
      return {};
    }),
  };
}
