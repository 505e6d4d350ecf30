import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { Emitter } from '../realtime/Emitter.ts';
import type { SessionCommands } from '../sessions/SessionCommands.ts';
import type { SessionsRepo } from '../sessions/sessions.repo.ts';
import { RestreamRepo } from './restream.repo.ts';
import { RestreamService } from './restream.service.ts';
import { RestreamKeys } from './RestreamKeys.ts';
import { RestreamViews } from './RestreamViews.ts';

interface Dependencies {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly repo: SessionsRepo;
  readonly commands: SessionCommands;
  readonly limits: RateLimits;
  readonly emitter: Emitter;
  readonly redis: Redis;
  readonly logger: Logger;
}

export function createRestream(dependencies: Dependencies): RestreamService {
  const { config, database, repo: sessions, commands, limits, emitter, redis, logger } = dependencies;
  return new RestreamService({
    ...{ sessions, commands, limits, emitter, redis, logger },
    repo: new RestreamRepo(database),
    keys: new RestreamKeys(config.RESTREAM_SECRETS, config.ACCESS_TOKEN_SECRET),
    views: new RestreamViews(redis, (hostId) => sessions.onAirOf(hostId)),
    targetsPerUser: config.RESTREAM_TARGETS_PER_USER,
    allowPrivate: config.RESTREAM_ALLOW_PRIVATE,
  });
}
