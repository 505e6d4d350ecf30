import type { AnybodyProcedures } from '../http/context.ts';
import type { Viewing } from './createViewing.ts';

export function viewingRoutes(
  { viewing }: Pick<Viewing, 'viewing'>,
  { viewing: anybody }: AnybodyProcedures,
) {
  return {
    start: anybody.start.handler(({ input, context }) => viewing.start(context.user, input, context.address)),
    heartbeat: anybody.heartbeat.handler(({ input }) => {
      viewing.heartbeat(input.token);
      return {};
    }),
    end: anybody.end.handler(async ({ input }) => {
      await viewing.end(input.token);
      return {};
    }),
  };
}
