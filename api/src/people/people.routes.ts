import type { SignedInProcedures } from '../http/context.ts';
import type { BlocksService } from './blocks.service.ts';

export function blocksRoutes(blocks: BlocksService, signedIn: SignedInProcedures) {
  return {
    create: signedIn.blocks.create.handler(async ({ input, context }) => {
      await blocks.create(context.user, input.id);
      return {};
    }),
    remove: signedIn.blocks.remove.handler(async ({ input, context }) => {
      await blocks.remove(context.user, input.id);
      return {};
    }),
    list: signedIn.blocks.list.handler(({ input, context }) => blocks.list(context.user, input)),
  };
}
