import type { AnybodyProcedures, SignedInProcedures } from '../http/context.ts';
import type { AccessService } from './access.service.ts';

export function accessRoutes(
  access: AccessService,
  signedIn: SignedInProcedures,
  anybody: AnybodyProcedures,
) {
  return {
    playback: anybody.access.playback.handler(({ input, context }) =>
      access.playback(context.user, input.id, context.playbackBase),
    ),
    invited: signedIn.access.invited.handler(({ input, context }) =>
      access.invited(context.user, input, context.playbackBase),
    ),
    list: signedIn.access.list.handler(({ input, context }) => access.list(context.user, input.id, input)),
    create: signedIn.access.create.handler(({ input, context }) => access.create(context.user, input)),
    remove: signedIn.access.remove.handler(async ({ input, context }) => {
      await access.remove(context.user, input);
      return {};
    }),
  };
}
