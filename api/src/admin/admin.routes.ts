import type { SignedInProcedures } from '../http/context.ts';
import type { DeletionService } from '../personalData/deletion.service.ts';
import type { BoardGuard } from './BoardGuard.ts';
import type { QueuesService } from './queues.service.ts';
import type { RunningService } from './running.service.ts';
import type { SystemService } from './system.service.ts';
import type { UserAidService } from './userAid.service.ts';
import type { ManagedUsersService } from './users.service.ts';

export interface AdminServices {
  readonly users: ManagedUsersService;
  readonly aid: UserAidService;
  readonly deletion: Pick<DeletionService, 'requestAs'>;
  readonly running: RunningService;
  readonly queues: QueuesService;
  readonly system: SystemService;
  readonly board: BoardGuard;
}

export function adminRoutes(services: AdminServices, { admin: mine }: SignedInProcedures) {
  const { users, aid, deletion, running, queues, system, board } = services;
  return {
    user: mine.user.handler(({ input, context }) => users.get(context.user, input.id)),
    setRole: mine.setRole.handler(({ input, context }) => users.setRole(context.user, input)),
    signOut: mine.signOut.handler(({ input, context }) => aid.signOut(context.user, input)),
    removeSecondFactor: mine.removeSecondFactor.handler(async ({ input, context }) => {
      await aid.removeSecondFactor(context.user, input);
      return {};
    }),
    deleteUser: mine.deleteUser.handler(async ({ input, context }) => {
      await deletion.requestAs(context.user, input);
      return {};
    }),
    sessions: mine.sessions.handler(({ input, context }) =>
      running.list(context.user, input, context.playbackBase),
    ),
    session: mine.session.handler(({ input, context }) =>
      running.get(context.user, input.id, context.playbackBase),
    ),
    nodes: mine.nodes.handler(({ context }) => system.nodes(context.user)),
    queues: mine.queues.handler(({ context }) => queues.list(context.user)),
    failedJobs: mine.failedJobs.handler(({ input, context }) => queues.failed(context.user, input)),
    retryJob: mine.retryJob.handler(async ({ input, context }) => {
      await queues.retry(context.user, input);
      return {};
    }),
    retryJobs: mine.retryJobs.handler(({ input, context }) => queues.retryAll(context.user, input.queue)),
    removeJob: mine.removeJob.handler(async ({ input, context }) => {
      await queues.remove(context.user, input);
      return {};
    }),
    health: mine.health.handler(({ context }) => system.health(context.user)),
    openBoard: mine.openBoard.handler(async ({ context }) => {
      const { user, signInId, reached, setHeader } = context;
      const { cookie, ...grant } = await board.open(user, signInId, reached.protocol === 'https');
      setHeader('set-cookie', cookie);
      return grant;
    }),
  };
}
