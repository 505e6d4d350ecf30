import type { SignedInProcedures } from '../http/context.ts';
import type { PushService } from './push.service.ts';

export function pushRoutes(push: PushService, { push: signedIn }: SignedInProcedures) {
  return {
    config: signedIn.config.handler(() => push.config),
    register: signedIn.register.handler(({ input, context }) => push.register(context, input)),
    list: signedIn.list.handler(({ context }) => push.list(context)),
    remove: signedIn.remove.handler(async ({ input, context }) => {
      await push.remove(context, input.id);
      return {};
    }),
  };
}
