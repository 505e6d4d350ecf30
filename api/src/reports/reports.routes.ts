import type { SignedInProcedures } from '../http/context.ts';
import type { ReportsService } from './reports.service.ts';

export function reportsRoutes(reports: ReportsService, { reports: signedIn }: SignedInProcedures) {
  return {
    create: signedIn.create.handler(({ input, context }) => reports.create(context.user, input)),
    list: signedIn.list.handler(({ input, context }) => reports.list(context.user, input)),
    get: signedIn.get.handler(({ input, context }) => reports.get(context.user, input.id)),
    assign: signedIn.assign.handler(({ input, context }) => reports.assign(context.user, input)),
    resolve: signedIn.resolve.handler(({ input, context }) => reports.resolve(context.user, input)),
    dismiss: signedIn.dismiss.handler(({ input, context }) => reports.dismiss(context.user, input)),
  };
}
