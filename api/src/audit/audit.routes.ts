import type { SignedInProcedures } from '../http/context.ts';
import type { AuditService } from './audit.service.ts';

export function auditRoutes(audit: AuditService, { audit: signedIn }: SignedInProcedures) {
  return { list: signedIn.list.handler(({ input, context }) => audit.list(context.user, input)) };
}
