import type { SignedInProcedures } from '../http/context.ts';
import type { DeletionService } from './deletion.service.ts';

export interface PersonalDataServices {
  readonly deletion: DeletionService;
}

export function personalDataRoutes({ deletion }: PersonalDataServices, signedIn: SignedInProcedures) {
  return {
    deleteAccount: signedIn.personalData.deleteAccount.handler(async ({ input, context }) => {
      await deletion.request(context, input);
      return {};
    }),
  };
}
