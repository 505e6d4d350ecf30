import {
  report,
  reportAssignInput,
  reportDetails,
  reportDismissInput,
  reportInput,
  reportListInput,
  reportPage,
  reportResolveInput,
} from './reports.ts';
import { byId, route } from './route.ts';

const tag = 'Reports';

export const reportsContract = {
  create: route(
    'POST',
    '/reports',
    tag,
    'Report a user, session, message or status; again the open report is answered',
    201,
  )
    .input(reportInput)
    .output(report),
  list: route('GET', '/admin/reports', tag, 'Reports in a state, the oldest first, for moderators')
    .input(reportListInput)
    .output(reportPage),
  get: route('GET', '/admin/reports/{id}', tag, 'One report').input(byId).output(reportDetails),
  assign: route('POST', '/admin/reports/{id}/assign', tag, 'Have a moderator look at an open report')
    .input(reportAssignInput)
    .output(reportDetails),
  resolve: route('POST', '/admin/reports/{id}/resolve', tag, 'Something was done; the reporter is told')
    .input(reportResolveInput)
    .output(reportDetails),
  dismiss: route('POST', '/admin/reports/{id}/dismiss', tag, 'Nothing is done; the reporter is told')
    .input(reportDismissInput)
    .output(reportDetails),
};
