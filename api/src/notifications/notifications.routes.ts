import type { SignedInProcedures } from '../http/context.ts';
import type { NotificationsService } from './notifications.service.ts';

export function notificationsRoutes(
  notifications: NotificationsService,
  { notifications: signedIn }: SignedInProcedures,
) {
  return {
    list: signedIn.list.handler(({ input, context }) => notifications.list(context.user, input)),
    unread: signedIn.unread.handler(({ context }) => notifications.unread(context.user)),
    read: signedIn.read.handler(({ input, context }) => notifications.read(context.user, input)),
    remove: signedIn.remove.handler(async ({ input, context }) => {
      await notifications.remove(context.user, input.id);
      return {};
    }),
    settings: signedIn.settings.handler(({ context }) => notifications.settings(context.user)),
    changeSettings: signedIn.changeSettings.handler(({ input, context }) =>
      notifications.changeSettings(context.user, input),
    ),
  };
}
