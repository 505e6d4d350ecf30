import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { SessionAccess } from '../access/SessionAccess.ts';
import type { ApiConfig } from '../config.ts';
import { HealthNews } from '../health/HealthNews.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Ranks } from '../moderation/Ranks.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import type { SessionAnnouncer } from '../realtime/SessionAnnouncer.ts';
import type { SessionCommands } from '../sessions/SessionCommands.ts';
import type { SessionsRepo } from '../sessions/sessions.repo.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { BansRepo } from './bans.repo.ts';
import { BansService, type BansDependencies } from './bans.service.ts';
import { JoinService, type JoinDependencies } from './join.service.ts';
import { PeerIds } from './PeerIds.ts';
import { SeatsRepo } from './seats.repo.ts';
import { SeatsService } from './seats.service.ts';
import type { SfuCommands } from './SfuCommands.ts';
import { SfuDirectory } from './SfuDirectory.ts';
import { StageFacts } from './StageFacts.ts';
import { StageHealths } from './StageHealths.ts';
import { StageRepo } from './stage.repo.ts';
import { StageSweep } from './StageSweep.ts';

export interface StageDependencies {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  /** Sessions in the database. */
  readonly repo: SessionsRepo;
  readonly sessions: SessionsService;
  readonly access: Pick<SessionAccess, 'isStillIn'>;
  readonly commands: SessionCommands;
  readonly sfu: SfuCommands;
  readonly announcer: SessionAnnouncer;
  readonly playbackBans: BansDependencies['playbackBans'];
  readonly emitter: Emitter;
  readonly room: BansDependencies['room'];
  readonly traces: BansDependencies['traces'] & JoinDependencies['traces'];
  readonly guestPlaces: JoinDependencies['guestPlaces'];
  readonly guests: BansDependencies['guests'];
  readonly ranks: Ranks;
  readonly limits: RateLimits;
  readonly viewing: JoinDependencies['viewing'];
  /** Somebody was banned: out of the chat, with what they wrote. */
  readonly banned: BansDependencies['banned'];
  readonly uncounted: BansDependencies['uncounted'];
  readonly logger: Logger;
}

/** The parts that know stages and rooms, wired up. */
export function createStage(dependencies: StageDependencies) {
  const { config, database, redis, sessions, logger } = dependencies;
  const repo = new StageRepo(database);
  const seatsRepo = new SeatsRepo(database);
  const bansRepo = new BansRepo(database);
  const directory = new SfuDirectory(redis, logger);
  const healths = new StageHealths(redis, sessions);
  const inDatabase = { ...dependencies, repo, sessions: dependencies.repo };
  const health = new HealthNews({ ...dependencies, stage: healths });
  const facts = new StageFacts({ ...inDatabase, healths, health });
  return {
    directory,
    healths,
    /** Of streams and stages, told live. */
    health,
    facts,
    sweep: new StageSweep({ ...inDatabase, directory, facts }),
    seats: new SeatsService({
      ...dependencies,
      repo: seatsRepo,
      stage: repo,
      openSessions: dependencies.repo,
    }),
    bans: new BansService({ ...dependencies, repo: bansRepo, seats: seatsRepo }),
    joins: new JoinService({
      ...dependencies,
      seats: seatsRepo,
      bans: bansRepo,
      directory,
      peerIds: new PeerIds(redis),
      internalSecret: config.INTERNAL_SECRET,
      sfuPublicPort: config.SFU_PUBLIC_PORT,
    }),
  };
}
