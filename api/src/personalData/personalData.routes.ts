import type { SignedInProcedures } from '../http/context.ts';
import type { DeletionService } from './deletion.service.ts';
import type { ExportsService } from './exports.service.ts';

export interface PersonalDataServices {
  readonly deletion: DeletionService;
  readonly exports: ExportsService;
}

export function personalDataRoutes(
  { deletion, exports }: PersonalDataServices,
  { personalData: mine }: SignedInProcedures,
) {
  return {
    deleteAccount: mine.deleteAccount.handler(async ({ input, context }) => {
      await deletion.request(context, input);
      return {};
    }),
    createExport: mine.createExport.handler(({ context }) => exports.request(context.user)),
    listExports: mine.listExports.handler(({ input, context }) => exports.list(context.user, input)),
    getExport: mine.getExport.handler(({ input, context }) => exports.get(context.user, input.id)),
  };
}
