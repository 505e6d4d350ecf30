import type { SignedInProcedures } from '../http/context.ts';
import type { RemindersService } from './reminders.service.ts';

export function remindersRoutes(reminders: RemindersService, { reminders: mine }: SignedInProcedures) {
  return {
    set: mine.set.handler(({ input, context }) => reminders.set(context.user, input.id)),
    remove: mine.remove.handler(async ({ input, context }) => {
      await reminders.remove(context.user, input.id);
      return {};
    }),
    list: mine.list.handler(({ input, context }) =>
      reminders.list(context.user, input, context.playbackBase),
    ),
  };
}
