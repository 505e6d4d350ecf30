import type { Logger, Redis } from '@maydan/common';
import type { Database } from '@maydan/prisma';
import type { ApiConfig } from '../config.ts';
import type { RateLimits } from '../limits/RateLimits.ts';
import type { SessionsService } from '../sessions/sessions.service.ts';
import { SweepTimer } from '../sessions/SweepTimer.ts';
import { AnalyticsService } from './analytics.service.ts';
import { ExportsRepo } from './exports.repo.ts';
import { FiguresRepo } from './figures.repo.ts';
import { Rollup } from './Rollup.ts';
import { RollupRepo } from './rollup.repo.ts';
import { UniqueViewers } from './UniqueViewers.ts';

export interface AnalyticsParts {
  readonly config: ApiConfig;
  readonly database: Database;
  readonly redis: Redis;
  readonly sessions: SessionsService;
  readonly limits: RateLimits;
  readonly logger: Logger;
}

/** The parts of analytics, wired up. Whoever starts the counting closes it. */
export function createAnalytics({ config, database, redis, sessions, limits, logger }: AnalyticsParts) {
  const progress = new RollupRepo(database);
  const periodMs = config.ANALYTICS_PERIOD_MS;
  const rollup = new Rollup({ repo: progress, periodMs, logger });
  return {
    analytics: new AnalyticsService({
      ...{ figures: new FiguresRepo(database), exports: new ExportsRepo(database), progress },
      ...{ uniqueViewers: new UniqueViewers(redis), sessions, limits },
    }),
    counting: new SweepTimer({ sweep: rollup, hourly: () => rollup.deleteOld(new Date()), periodMs, logger }),
  };
}
