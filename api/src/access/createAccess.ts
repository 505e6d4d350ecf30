import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import type { Traces } from '../moderation/traces/Traces.ts';
import { SweepTimer } from '../sessions/SweepTimer.ts';
import type { SfuCommands } from '../stage/SfuCommands.ts';
import { AccessEnds, type AccessEndsDependencies } from './AccessEnds.ts';
import { AccessKeeper } from './AccessKeeper.ts';
import { AccessRepo } from './access.repo.ts';
import { PlaybackBans } from './PlaybackBans.ts';
import { PlaybackBansRepo } from './playbackBans.repo.ts';
import { PlaybackLeases } from './PlaybackLeases.ts';
import { PlaybackViews } from './PlaybackViews.ts';
import { SessionAccess } from './SessionAccess.ts';

export interface AccessParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly sfu: SfuCommands;
  readonly emitter: Emitter;
  readonly uncounted: AccessEndsDependencies['uncounted'];
  readonly traces: Traces;
  readonly logger: Logger;
}

/** The parts that know who is let into which session, wired up. */
export function createAccess({
  config,
  database,
  redis,
  sfu,
  emitter,
  uncounted,
  traces,
  logger,
}: AccessParts) {
  const repo = new AccessRepo(database);
  const leases = new PlaybackLeases(redis);
  const ends = new AccessEnds({ leases, sfu, emitter, uncounted });
  const bans = new PlaybackBans(redis);
  const keeper = new AccessKeeper({
    ...{ repo, leases, bans, ends, logger },
    bansRepo: new PlaybackBansRepo(database),
  });
  return {
    repo,
    leases,
    bans,
    ends,
    access: new SessionAccess(repo, leases, traces),
    views: new PlaybackViews(leases, config.INTERNAL_SECRET),
    keeping: new SweepTimer({ sweep: keeper, periodMs: AccessKeeper.periodMs, logger }),
  };
}
export type Access = ReturnType<typeof createAccess>;
