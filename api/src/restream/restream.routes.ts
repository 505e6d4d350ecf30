import type { SignedInProcedures } from '../http/context.ts';
import type { RestreamService } from './restream.service.ts';

export function restreamRoutes(restream: RestreamService, { restream: signedIn }: SignedInProcedures) {
  return {
    list: signedIn.list.handler(({ context }) => restream.list(context.user.id)),
    create: signedIn.create.handler(({ input, context }) => restream.create(context.user.id, input)),
    update: signedIn.update.handler(({ input, context }) => restream.update(context.user.id, input)),
    remove: signedIn.remove.handler(async ({ input, context }) => {
      await restream.remove(context.user.id, input.id);
      return {};
    }),
  };
}
