import { auditListInput, auditPage } from './audit.ts';
import { route } from './route.ts';

export const auditContract = {
  list: route(
    'GET',
    '/admin/audit',
    'Moderation',
    'What hosts, moderators and admins did, the newest first, for moderators',
  )
    .input(auditListInput)
    .output(auditPage),
};
