import type { SignedInProcedures } from '../http/context.ts';
import type { StreamKeysService } from './streamKeys.service.ts';

export function streamKeysRoutes(streamKeys: StreamKeysService, signedIn: SignedInProcedures) {
  return {
    create: signedIn.streamKeys.create.handler(({ input, context }) =>
      streamKeys.create(context.user.id, input.label, context.sfuBase),
    ),
    list: signedIn.streamKeys.list.handler(async ({ context }) => ({
      items: await streamKeys.list(context.user.id),
    })),
    rotate: signedIn.streamKeys.rotate.handler(({ input, context }) =>
      streamKeys.rotate(context.user.id, input.id, context.sfuBase),
    ),
    revoke: signedIn.streamKeys.revoke.handler(async ({ input, context }) => {
      await streamKeys.revoke(context.user.id, input.id);
      return {};
    }),
  };
}
