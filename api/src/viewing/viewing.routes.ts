import type { AnybodyProcedures, SignedInProcedures } from '../http/context.ts';
import type { Viewing } from './createViewing.ts';

export function viewingRoutes(
  { viewing }: Pick<Viewing, 'viewing'>,
  { viewing: signedIn }: SignedInProcedures,
  { viewing: anybody }: AnybodyProcedures,
) {
  return {
    start: anybody.start.handler(({ input, context }) => viewing.start(context.user, input, context.address)),
    heartbeat: anybody.heartbeat.handler(async ({ input }) => {
      await viewing.heartbeat(input.token);
      return {};
    }),
    end: anybody.end.handler(async ({ input }) => {
      await viewing.end(input.token);
      return {};
    }),
    react: signedIn.react.handler(async ({ input, context }) => {
      await viewing.react(context.user, input);
      return {};
    }),
  };
}
