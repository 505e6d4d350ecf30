import type { SignedInProcedures } from '../http/context.ts';
import type { PresenceService } from './presence.service.ts';

export function presenceRoutes(presence: PresenceService, signedIn: SignedInProcedures) {
  return {
    get: signedIn.presence.get.handler(async ({ input, context }) => ({
      presence: await presence.get(context.user, input.id),
    })),
  };
}
