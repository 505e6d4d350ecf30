import type { SignedInProcedures } from '../http/context.ts';
import type { StatusesService } from './statuses.service.ts';

export function statusesRoutes(statuses: StatusesService, { statuses: signedIn }: SignedInProcedures) {
  return {
    create: signedIn.create.handler(({ input, context }) => statuses.create(context.user, input)),
    feed: signedIn.feed.handler(({ input, context }) => statuses.feed(context.user, input)),
    mine: signedIn.mine.handler(({ input, context }) => statuses.list(context.user, context.user.id, input)),
    ofUser: signedIn.ofUser.handler(({ input: { id, ...page }, context }) =>
      statuses.list(context.user, id, page),
    ),
    get: signedIn.get.handler(({ input, context }) => statuses.get(context.user, input.id)),
    remove: signedIn.remove.handler(async ({ input, context }) => {
      await statuses.remove(context.user, input.id);
      return {};
    }),
    see: signedIn.see.handler(async ({ input, context }) => {
      await statuses.see(context.user, input.id);
      return {};
    }),
    viewers: signedIn.viewers.handler(({ input: { id, ...page }, context }) =>
      statuses.viewers(context.user, id, page),
    ),
  };
}
