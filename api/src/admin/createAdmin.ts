import type { JobProducer, Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import type { SignInsService } from '../identity/signIns.service.ts';
import type { Reconciled } from '../ledger/Reconciliation.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import type { StageHealths } from '../stage/StageHealths.ts';
import type { MediaStore } from '../storage/MediaStore.ts';
import type { WalletRepo } from '../wallet/wallet.repo.ts';
import { ActsRepo } from './acts.repo.ts';
import { boardPath, boardRoutes } from './board.routes.ts';
import { BoardGuard } from './BoardGuard.ts';
import { BoardTokens } from './BoardTokens.ts';
import { QueuesService } from './queues.service.ts';
import { RunningRepo } from './running.repo.ts';
import { RunningService } from './running.service.ts';
import { SystemService } from './system.service.ts';
import { UserAidRepo } from './userAid.repo.ts';
import { UserAidService } from './userAid.service.ts';
import { ManagedUsersRepo } from './users.repo.ts';
import { ManagedUsersService } from './users.service.ts';

export interface AdminParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly jobs: JobProducer;
  readonly emitter: Emitter;
  readonly signIns: SignInsService;
  readonly stageHealths: StageHealths;
  readonly walletRepo: WalletRepo;
  readonly store: MediaStore;
  /** What was found when the books were looked at last. */
  readonly reconciled: () => Promise<Reconciled | null>;
  /** Somebody is to be told of a cause of notifications. */
  readonly toldLater: () => void;
  readonly logger: Logger;
}

/** The parts of administration, wired up; nothing is started and nothing needs to be closed. */
export function createAdmin(parts: AdminParts) {
  const { config, database, redis, jobs, emitter, signIns, stageHealths, walletRepo, store, logger } = parts;
  const { toldLater, reconciled } = parts;
  const acts = new ActsRepo(database);
  const queues = new QueuesService({ jobs, redis, acts, logger });
  const tokens = new BoardTokens(config.ACCESS_TOKEN_SECRET);
  const board = new BoardGuard({ tokens, signIns, acts, path: boardPath });
  return {
    users: new ManagedUsersService({
      ...{ emitter, logger, wallets: walletRepo, repo: new ManagedUsersRepo(database) },
    }),
    aid: new UserAidService({ ...{ signIns, toldLater, logger }, repo: new UserAidRepo(database) }),
    running: new RunningService({ repo: new RunningRepo(database), redis, stageHealths }),
    queues,
    system: new SystemService({ database, redis, store, queues, reconciled }),
    board,
    boardRoutes: boardRoutes(board, jobs),
  };
}
