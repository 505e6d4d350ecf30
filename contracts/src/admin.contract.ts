import {
  managedUser,
  boardGrant,
  failedJobPage,
  failedJobsInput,
  jobInput,
  jobsRetried,
  nodeList,
  queueInput,
  queueList,
  userAidInput,
  userRoleInput,
  runningSession,
  runningSessionPage,
  runningSessionsInput,
  signedOut,
  systemHealth,
} from './admin.ts';
import { userById } from './people.ts';
import { byId, nothing, route } from './route.ts';

const tag = 'Administration';

export const adminContract = {
  user: route('GET', '/admin/users/{id}', tag, 'One user, with counts').input(userById).output(managedUser),
  setRole: route('PUT', '/admin/users/{id}/role', tag, 'Change somebody’s role; it counts at once')
    .input(userRoleInput)
    .output(managedUser),
  signOut: route(
    'POST',
    '/admin/users/{id}/sign-out',
    tag,
    'Sign somebody out on all devices at once; they may sign in again',
  )
    .input(userAidInput)
    .output(signedOut),
  removeSecondFactor: route(
    'POST',
    '/admin/users/{id}/second-factor/remove',
    tag,
    'Turn off the second factor of somebody who has lost theirs; they are told',
  )
    .input(userAidInput)
    .output(nothing),
  deleteUser: route(
    'POST',
    '/admin/users/{id}/delete',
    tag,
    'Delete the account of somebody who asked for it and can’t do it, for good: as its owner does',
    202,
  )
    .input(userAidInput)
    .output(nothing),
  sessions: route('GET', '/admin/sessions', tag, 'Sessions that run, with their health, the newest first')
    .input(runningSessionsInput)
    .output(runningSessionPage),
  session: route('GET', '/admin/sessions/{id}', tag, 'Any session, as in the list of those that run')
    .input(byId)
    .output(runningSession),
  nodes: route('GET', '/admin/nodes', tag, 'Processes of api, ingest, sfu and workers').output(nodeList),
  queues: route('GET', '/admin/queues', tag, 'Queues, and how many jobs they have').output(queueList),
  failedJobs: route('GET', '/admin/queues/{queue}/failed', tag, 'Jobs that failed for good, the newest first')
    .input(failedJobsInput)
    .output(failedJobPage),
  retryJob: route('POST', '/admin/queues/{queue}/failed/{id}/retry', tag, 'Run a failed job again')
    .input(jobInput)
    .output(nothing),
  retryJobs: route(
    'POST',
    '/admin/queues/{queue}/failed/retry',
    tag,
    'Run all failed jobs of a queue again; those that fail again stay failed',
  )
    .input(queueInput)
    .output(jobsRetried),
  removeJob: route('DELETE', '/admin/queues/{queue}/failed/{id}', tag, 'Forget a failed job')
    .input(jobInput)
    .output(nothing),
  health: route(
    'GET',
    '/admin/health',
    tag,
    'How database, Redis, storage, facts, queues and processes do',
  ).output(systemHealth),
  openBoard: route(
    'POST',
    '/admin/board',
    tag,
    'Look at the queues in the browser: sets a cookie for it',
  ).output(boardGrant),
};
