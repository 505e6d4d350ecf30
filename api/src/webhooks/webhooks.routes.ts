import type { SignedInProcedures } from '../http/context.ts';
import type { WebhooksService } from './webhooks.service.ts';

export function webhooksRoutes(webhooks: WebhooksService, { webhooks: mine }: SignedInProcedures) {
  return {
    create: mine.create.handler(({ input, context }) => webhooks.create(context.user, input)),
    list: mine.list.handler(({ context }) => webhooks.list(context.user)),
    update: mine.update.handler(({ input, context }) => webhooks.update(context.user, input)),
    remove: mine.remove.handler(async ({ input, context }) => {
      await webhooks.remove(context.user, input.id);
      return {};
    }),
    rotate: mine.rotate.handler(({ input, context }) => webhooks.rotate(context.user, input.id)),
    deliveries: mine.deliveries.handler(({ input, context }) => webhooks.deliveries(context.user, input)),
    replay: mine.replay.handler(({ input, context }) => webhooks.replay(context.user, input)),
  };
}
